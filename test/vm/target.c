// The program whose function is probed: calls it as many times as its argument says.
#include <stdlib.h>

__attribute__((noinline)) int probed_function(int number) {
  __asm__ volatile("" : "+r"(number));
  return number * 2;
}

int main(int count, char **arguments) {
  int last = 0;
  int times = count > 1 ? atoi(arguments[1]) : 1;
  for (int i = 1; i <= times; i++) last = probed_function(i);
  return last == times * 2 ? 0 : 1;
}
