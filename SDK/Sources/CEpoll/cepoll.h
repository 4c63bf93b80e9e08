/*
 * What Glibc's module for Swift does not have: epoll(7), eventfd(2), and the names of threads.
 */
#ifndef CEPOLL_H
#define CEPOLL_H

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

/* As in pthread.h, where a macro hides it. */
int pthread_setname_np(pthread_t thread, const char *name);

#endif
