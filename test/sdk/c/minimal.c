/* The smallest program with a skeleton: it ends when its BPF side has run. */
#include <unistd.h>
#include "minimal.skel.h"

int main(void)
{
	struct minimal *skel = minimal__open_and_load();

	if (!skel || minimal__attach(skel))
		return 1;
	while (!skel->bss->runs)
		usleep(1000);
	minimal__destroy(skel);
	return 0;
}
