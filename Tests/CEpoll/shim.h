// Header only: Swift's Glibc module leaves out epoll.
#ifndef KABAR_CEPOLL_H
#define KABAR_CEPOLL_H
#include <sys/epoll.h>
#endif
