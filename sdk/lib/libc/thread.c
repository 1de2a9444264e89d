/* SPDX-License-Identifier: MIT */
/* Threads: there is one. Locks are free or the caller's; new threads are EAGAIN. */
#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define SUCCEED(name, ...) \
	int name(__VA_ARGS__) \
	{ \
		return 0; \
	}

/* Wherever waiting could only mean for ever. */
static int deadlock(const char *what)
{
	fprintf(stderr, "%s would wait for ever: a guest has one thread\n", what);
	abort();
}

int pthread_create(pthread_t *restrict thread, const pthread_attr_t *restrict attributes,
		   void *(*start)(void *), void *restrict argument)
{
	return EAGAIN;
}

pthread_t pthread_self(void)
{
	return (pthread_t)1;
}

int(pthread_equal)(pthread_t a, pthread_t b)
{
	return a == b;
}

int pthread_join(pthread_t thread, void **result)
{
	return thread == pthread_self() ? EDEADLK : ESRCH;
}

int pthread_detach(pthread_t thread)
{
	return thread == pthread_self() ? 0 : ESRCH;
}

_Noreturn void pthread_exit(void *result)
{
	exit(0);
}

int pthread_kill(pthread_t thread, int signal)
{
	int raise(int);

	if (thread != pthread_self())
		return ESRCH;
	return signal && raise(signal) < 0 ? errno : 0;
}

int pthread_cancel(pthread_t thread)
{
	return ESRCH;
}

void pthread_testcancel(void)
{
}

static int exchange(int *state, int new, int *old)
{
	if (old)
		*old = *state;
	*state = new;
	return 0;
}

int pthread_setcancelstate(int new, int *old)
{
	static int state = PTHREAD_CANCEL_ENABLE;

	return exchange(&state, new, old);
}

int pthread_setcanceltype(int new, int *old)
{
	static int type = PTHREAD_CANCEL_DEFERRED;

	return exchange(&type, new, old);
}

void _pthread_cleanup_push(struct __ptcb *callback, void (*function)(void *), void *argument)
{
	callback->__f = function;
	callback->__x = argument;
}

void _pthread_cleanup_pop(struct __ptcb *callback, int execute)
{
	if (execute)
		callback->__f(callback->__x);
}

int pthread_once(pthread_once_t *control, void (*initialize)(void))
{
	if (!*control) {
		*control = 1;
		initialize();
	}
	return 0;
}

/* ---- Mutexes: a count of locks ---- */

#define LOCKS(mutex) ((mutex)->__u.__i[1])
#define KIND(mutex) ((mutex)->__u.__i[0] & 3)

int pthread_mutex_init(pthread_mutex_t *restrict mutex, const pthread_mutexattr_t *restrict attributes)
{
	*mutex = (pthread_mutex_t){ 0 };
	if (attributes)
		mutex->__u.__i[0] = (int)attributes->__attr;
	return 0;
}

int pthread_mutex_trylock(pthread_mutex_t *mutex)
{
	if (LOCKS(mutex) && KIND(mutex) != PTHREAD_MUTEX_RECURSIVE)
		return EBUSY;
	LOCKS(mutex)++;
	return 0;
}

int pthread_mutex_lock(pthread_mutex_t *mutex)
{
	if (!pthread_mutex_trylock(mutex))
		return 0;
	return KIND(mutex) == PTHREAD_MUTEX_ERRORCHECK ? EDEADLK : deadlock("pthread_mutex_lock");
}

int pthread_mutex_timedlock(pthread_mutex_t *restrict mutex, const struct timespec *restrict end)
{
	return pthread_mutex_trylock(mutex) ? ETIMEDOUT : 0;
}

int pthread_mutex_unlock(pthread_mutex_t *mutex)
{
	if (!LOCKS(mutex))
		return EPERM;
	LOCKS(mutex)--;
	return 0;
}

int pthread_mutex_destroy(pthread_mutex_t *mutex)
{
	return LOCKS(mutex) ? EBUSY : 0;
}

int pthread_mutexattr_init(pthread_mutexattr_t *attributes)
{
	*attributes = (pthread_mutexattr_t){ 0 };
	return 0;
}

int pthread_mutexattr_settype(pthread_mutexattr_t *attributes, int type)
{
	if (type < 0 || type > 2)
		return EINVAL;
	attributes->__attr = (unsigned)type;
	return 0;
}

SUCCEED(pthread_mutexattr_destroy, pthread_mutexattr_t *attributes)

/* ---- Conditions, read and write locks, spin locks ---- */

SUCCEED(pthread_cond_init, pthread_cond_t *restrict condition,
	const pthread_condattr_t *restrict attributes)
SUCCEED(pthread_cond_destroy, pthread_cond_t *condition)
SUCCEED(pthread_cond_signal, pthread_cond_t *condition)
SUCCEED(pthread_cond_broadcast, pthread_cond_t *condition)
SUCCEED(pthread_condattr_init, pthread_condattr_t *attributes)
SUCCEED(pthread_condattr_destroy, pthread_condattr_t *attributes)

int pthread_condattr_setclock(pthread_condattr_t *attributes, clockid_t clock)
{
	attributes->__attr = (unsigned)clock;
	return 0;
}

int pthread_cond_wait(pthread_cond_t *restrict condition, pthread_mutex_t *restrict mutex)
{
	return deadlock("pthread_cond_wait");
}

/* Nobody signals it before the time. */
int pthread_cond_timedwait(pthread_cond_t *restrict condition, pthread_mutex_t *restrict mutex,
			   const struct timespec *restrict end)
{
	clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, end, NULL);
	return ETIMEDOUT;
}

/* -1: for writing. */
#define HOLDERS(lock) ((lock)->__u.__i[0])

int pthread_rwlock_init(pthread_rwlock_t *restrict lock, const pthread_rwlockattr_t *restrict attributes)
{
	*lock = (pthread_rwlock_t){ 0 };
	return 0;
}

SUCCEED(pthread_rwlock_destroy, pthread_rwlock_t *lock)

int pthread_rwlock_tryrdlock(pthread_rwlock_t *lock)
{
	if (HOLDERS(lock) < 0)
		return EBUSY;
	HOLDERS(lock)++;
	return 0;
}

int pthread_rwlock_trywrlock(pthread_rwlock_t *lock)
{
	if (HOLDERS(lock))
		return EBUSY;
	HOLDERS(lock) = -1;
	return 0;
}

int pthread_rwlock_rdlock(pthread_rwlock_t *lock)
{
	return pthread_rwlock_tryrdlock(lock) ? EDEADLK : 0;
}

int pthread_rwlock_wrlock(pthread_rwlock_t *lock)
{
	return pthread_rwlock_trywrlock(lock) ? EDEADLK : 0;
}

int pthread_rwlock_unlock(pthread_rwlock_t *lock)
{
	if (HOLDERS(lock) < 0)
		HOLDERS(lock) = 0;
	else if (HOLDERS(lock) > 0)
		HOLDERS(lock)--;
	return 0;
}

int pthread_spin_init(pthread_spinlock_t *lock, int shared)
{
	*lock = 0;
	return 0;
}

SUCCEED(pthread_spin_destroy, pthread_spinlock_t *lock)

int pthread_spin_trylock(pthread_spinlock_t *lock)
{
	if (*lock)
		return EBUSY;
	*lock = 1;
	return 0;
}

int pthread_spin_lock(pthread_spinlock_t *lock)
{
	return pthread_spin_trylock(lock) ? deadlock("pthread_spin_lock") : 0;
}

int pthread_spin_unlock(pthread_spinlock_t *lock)
{
	*lock = 0;
	return 0;
}

/* ---- Data of the thread ---- */

#define KEYS 128

static struct {
	void *value;
	void (*destroy)(void *);
	int used;
} keys[KEYS];

int pthread_key_create(pthread_key_t *key, void (*destroy)(void *))
{
	for (unsigned i = 0; i < KEYS; i++) {
		if (keys[i].used)
			continue;
		keys[i].value = NULL;
		keys[i].destroy = destroy;
		keys[i].used = 1;
		*key = i;
		return 0;
	}
	return EAGAIN;
}

int pthread_key_delete(pthread_key_t key)
{
	if (key >= KEYS || !keys[key].used)
		return EINVAL;
	keys[key].used = 0;
	return 0;
}

void *pthread_getspecific(pthread_key_t key)
{
	return key < KEYS && keys[key].used ? keys[key].value : NULL;
}

int pthread_setspecific(pthread_key_t key, const void *value)
{
	if (key >= KEYS || !keys[key].used)
		return EINVAL;
	keys[key].value = (void *)value;
	return 0;
}

/* ---- Attributes and names ---- */

int pthread_attr_init(pthread_attr_t *attributes)
{
	*attributes = (pthread_attr_t){ 0 };
	return 0;
}

SUCCEED(pthread_attr_destroy, pthread_attr_t *attributes)
SUCCEED(pthread_attr_setdetachstate, pthread_attr_t *attributes,
	int state)
SUCCEED(pthread_attr_setstacksize, pthread_attr_t *attributes,
	size_t size)
SUCCEED(pthread_setname_np, pthread_t thread,
	const char *name)
SUCCEED(pthread_atfork, void (*prepare)(void),
	void (*parent)(void), void (*child)(void))

/* ---- Semaphores ---- */

#define VALUE(semaphore) ((semaphore)->__val[0])

int sem_init(sem_t *semaphore, int shared, unsigned value)
{
	VALUE(semaphore) = (int)value;
	return 0;
}

SUCCEED(sem_destroy, sem_t *semaphore)

int sem_post(sem_t *semaphore)
{
	VALUE(semaphore)++;
	return 0;
}

int sem_trywait(sem_t *semaphore)
{
	if (VALUE(semaphore) <= 0) {
		errno = EAGAIN;
		return -1;
	}
	VALUE(semaphore)--;
	return 0;
}

int sem_wait(sem_t *semaphore)
{
	return sem_trywait(semaphore) < 0 ? deadlock("sem_wait") : 0;
}

int sem_getvalue(sem_t *restrict semaphore, int *restrict value)
{
	*value = VALUE(semaphore);
	return 0;
}

/* ---- Streams ---- */

void flockfile(FILE *file)
{
}

void funlockfile(FILE *file)
{
}

int ftrylockfile(FILE *file)
{
	return 0;
}
