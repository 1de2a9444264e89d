/* What is probed: a function that is called three times, with a USDT probe in it. */
#include <sys/sdt.h>

__attribute__((noinline)) int target_function(int argument)
{
	DTRACE_PROBE2(sdktest, called, argument, argument + 1);
	return argument * 3;
}

int main(void)
{
	volatile int sum = 0;

	for (int i = 5; i < 8; i++)
		sum += target_function(i);
	return sum == 54 ? 0 : 1;
}
