// Owns: the threads that tasks of the tests run on: as many as wait, where Swift has one for each core.
// Must never: be linked into anything but the tests.
// Runs on: its threads, started when they are needed, kept to the end.
//
// Tests talk to real nodes as simple clients do, by blocking system calls. On a machine with two cores two such tests, waiting
// for processes to end, would keep every other task of the program from its deadline: those of the clients under test, too.
// The hook is the Swift runtime's own: include/swift/Runtime/Concurrency.h, `swift_task_enqueueGlobal_hook`.
#include "test_threads.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#define SWIFT __attribute__((swiftcall))

typedef struct job job;
typedef struct {
  void *identity;
  uintptr_t implementation;
} executor;
typedef SWIFT void (*enqueue)(job *);

extern SWIFT void (*swift_task_enqueueGlobal_hook)(job *, enqueue original);
extern SWIFT void swift_job_run(job *, executor);

// Four tests run at a time; some of them have fifty clients.
enum { most_threads = 64 };

typedef struct entry {
  job *job;
  struct entry *next;
} entry;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t filled = PTHREAD_COND_INITIALIZER;
static entry *first, **last = &first;
static int waiting, idle, threads;

static job *next_job(void) {
  pthread_mutex_lock(&lock);
  while (!first) {
    idle++;
    pthread_cond_wait(&filled, &lock);
    idle--;
  }
  entry *taken = first;
  first = taken->next;
  if (!first) last = &first;
  waiting--;
  pthread_mutex_unlock(&lock);
  job *job = taken->job;
  free(taken);
  return job;
}

static void *run(void *unused) {
  (void)unused;
  executor generic = {0};
  for (;;) swift_job_run(next_job(), generic);
}

static SWIFT void enqueue_here(job *job, enqueue original) {
  (void)original;
  entry *added = malloc(sizeof *added);
  if (!added) abort();
  *added = (entry){.job = job};
  pthread_mutex_lock(&lock);
  *last = added;
  last = &added->next;
  waiting++;
  bool starts = waiting > idle && threads < most_threads;
  threads += starts;
  pthread_cond_signal(&filled);
  pthread_mutex_unlock(&lock);
  pthread_t thread;
  if (starts && (pthread_create(&thread, NULL, run, NULL) != 0 || pthread_detach(thread) != 0)) abort();
}

__attribute__((constructor)) static void install(void) { swift_task_enqueueGlobal_hook = enqueue_here; }
