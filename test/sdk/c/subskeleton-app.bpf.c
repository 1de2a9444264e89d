/* The program's part, which uses the library. */
int app_counter;
extern int lib_add(int number);

SEC("socket")
int use(void *context)
{
	app_counter++;
	return lib_add(10);
}
