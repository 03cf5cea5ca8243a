// Header only: prctl is variadic, which Swift cannot call, and Swift's Glibc module leaves out these headers.
#ifndef KABAR_CPROCESS_H
#define KABAR_CPROCESS_H
#include <signal.h>
#include <spawn.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>

/// Asks the kernel to send `signal` to this process when the thread that spawned it ends. 0, or -1 with errno.
static inline int kabar_set_parent_death_signal(int signal) { return prctl(PR_SET_PDEATHSIG, (unsigned long)signal); }

/// The caller's thread id; equal to the process id on the main thread only.
static inline long kabar_thread_id(void) { return syscall(SYS_gettid); }

/// 1 when this process was started with `signal` ignored (as nohup does), else 0.
static inline int kabar_ignores(int signal) {
  struct sigaction action;
  return sigaction(signal, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

// Declared by spawn.h for programs that ask for GNU extensions, which a module can't.
extern int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *, int);

/// Has the child close every descriptor from this one on (glibc 2.34). 0, or an error number.
static inline int kabar_close_from(posix_spawn_file_actions_t *actions, int first) {
  return posix_spawn_file_actions_addclosefrom_np(actions, first);
}
#endif
