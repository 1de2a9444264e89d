/* One kind of extern that the kernel has not got, in a program that is not loaded. */
#ifdef KFUNC
extern int no_such_function(int argument) __ksym;
#define USE no_such_function(1)
#elif defined(WEAK_KFUNC)
extern int no_such_function(int argument) __ksym __weak;
#define USE (no_such_function ? no_such_function(1) : 0)
#elif defined(TYPED)
extern const int no_such_variable __ksym;
#define USE *(const int *)bpf_this_cpu_ptr(&no_such_variable)
#elif defined(ADDRESS)
extern const void no_such_symbol __ksym;
#define USE ((long)&no_such_symbol & 0xff)
#elif defined(SETTING)
extern int CONFIG_NO_SUCH_SETTING __kconfig;
#define USE CONFIG_NO_SUCH_SETTING
#elif defined(VIRTUAL)
extern int LINUX_NO_SUCH_THING __kconfig;
#define USE LINUX_NO_SUCH_THING
#else
#define USE 0
#endif

SEC("raw_tp")
int loaded(void *ctx)
{
	return 0;
}

SEC("?raw_tp")
int unloaded(void *ctx)
{
	return USE;
}

SEC("fentry/no_such_function_at_all")
int retyped(void *ctx)
{
	return 0;
}

SEC("kprobe.session/x")
int session(void *ctx)
{
	return 0;
}

SEC("xdp.frags")
int frags(void *ctx)
{
	return 2;
}
