// hiredis as Swift sees it: the reader of RESP, bounded in the length and the nesting of arrays.
// Never opens a socket: SwiftNIO owns the bytes on the wire.
// Called from one event loop at a time; keeps no global state.
#ifndef KABAR_CHIREDIS_SHIM_H
#define KABAR_CHIREDIS_SHIM_H

#include <hiredis.h>
#include <stdlib.h>

// hiredis 1.0 widened the element count; Debian 12 has 0.14.1.
#if HIREDIS_MAJOR >= 1
typedef size_t kabar_array_length;
#else
typedef int kabar_array_length;
#endif

typedef void *(*kabar_create_array)(const redisReadTask *, kabar_array_length);
typedef void *(*kabar_create_integer)(const redisReadTask *, long long);

typedef struct kabar_reader {
  redisReader *reader;
  redisReplyObjectFunctions functions;   // hiredis's own, but for createArray and createInteger
  kabar_create_array create_array;       // hiredis's own
  kabar_create_integer create_integer;   // hiredis's own
  redisReply integer;                    // the last reply, if it was an integer
  long long max_elements;
} kabar_reader;

// How many arrays may lie in each other. hiredis 0.14 stops at 8, 1.x at 1024 or never; both free them by recursion.
#define KABAR_MAX_DEPTH 7

// hiredis allocates the whole array when it reads its header, so "*1000000000\r\n" alone would take 8 GB.
static void *kabar_create_capped_array(const redisReadTask *task, kabar_array_length elements) {
  kabar_reader *self = (kabar_reader *)task->privdata;
  if ((long long)elements > self->max_elements) return NULL;
  int depth = 1;
  for (const redisReadTask *outer = task->parent; outer; outer = outer->parent) depth++;
  if (depth > KABAR_MAX_DEPTH) return NULL;
  return self->create_array(task, elements);
}

// To most requests the whole reply is one integer, which needs no memory of its own: it is complete as soon as it is made, and
// is read before the next. One within an array is freed with it.
static void *kabar_create_unallocated_integer(const redisReadTask *task, long long value) {
  kabar_reader *self = (kabar_reader *)task->privdata;
  if (task->parent) return self->create_integer(task, value);
  self->integer.type = REDIS_REPLY_INTEGER;
  self->integer.integer = value;
  return &self->integer;
}

// Frees what redisReaderGetReply gave.
static inline void kabar_reply_free(kabar_reader *self, void *reply) {
  if (reply != &self->integer) freeReplyObject(reply);
}

// NULL when out of memory. Ended by kabar_reader_free.
static inline kabar_reader *kabar_reader_new(long long max_elements) {
  kabar_reader *self = (kabar_reader *)calloc(1, sizeof *self);
  if (!self) return NULL;
  self->reader = redisReaderCreate();
  if (!self->reader) {
    free(self);
    return NULL;
  }
  self->max_elements = max_elements;
  self->functions = *self->reader->fn;
  self->create_array = self->functions.createArray;
  self->functions.createArray = kabar_create_capped_array;
  self->create_integer = self->functions.createInteger;
  self->functions.createInteger = kabar_create_unallocated_integer;
  self->reader->fn = &self->functions;
  self->reader->privdata = self;
  return self;
}

static inline void kabar_reader_free(kabar_reader *self) {
  redisReaderFree(self->reader);
  free(self);
}

#endif
