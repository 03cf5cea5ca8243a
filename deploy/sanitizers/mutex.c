// What ThreadSanitizer does not see by itself: the slow path of Swift's `Synchronization.Mutex`.
// Its fast path is inlined and so instrumented; the slow one, taken when threads contend, is in libswiftSynchronization.so,
// which is not: without this every contended Mutex looks like none, and what it guards like a race. (A Mutex around a counter
// and three threads are enough to see that.) `deploy/test --sanitize=thread` builds this file and preloads it; it stands
// before the library's functions, calls them, and tells the sanitizer. Nothing is suppressed.
// Any thread. In programs without the sanitizer (redis-server) it does nothing.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdbool.h>
#include <stdint.h>

#define SWIFT __attribute__((swiftcall))
#define SELF __attribute__((swift_context)) void *self

// _MutexHandle._lockSlow(UInt32), ._tryLockSlow() -> Bool and ._unlockSlow(), as `nm -D libswiftSynchronization.so` names them.
#define LOCK "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define TRY_LOCK "$s15Synchronization12_MutexHandleV12_tryLockSlowSbyF"
#define UNLOCK "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"

extern void __tsan_acquire(void *) __attribute__((weak));
extern void __tsan_release(void *) __attribute__((weak));

SWIFT void kabar_lock(uint32_t thread, SELF) __asm__(LOCK);
SWIFT bool kabar_try_lock(SELF) __asm__(TRY_LOCK);
SWIFT void kabar_unlock(SELF) __asm__(UNLOCK);

SWIFT void kabar_lock(uint32_t thread, SELF) {
  ((SWIFT void (*)(uint32_t, SELF))dlsym(RTLD_NEXT, LOCK))(thread, self);
  if (__tsan_acquire) __tsan_acquire(self);
}

SWIFT bool kabar_try_lock(SELF) {
  bool is_locked = ((SWIFT bool (*)(SELF))dlsym(RTLD_NEXT, TRY_LOCK))(self);
  if (is_locked && __tsan_acquire) __tsan_acquire(self);
  return is_locked;
}

SWIFT void kabar_unlock(SELF) {
  if (__tsan_release) __tsan_release(self);
  ((SWIFT void (*)(SELF))dlsym(RTLD_NEXT, UNLOCK))(self);
}
