#include "internal.h"

struct wb_log wb_log;
