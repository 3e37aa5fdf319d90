#include "winograd.h"
Group *filters_in_form(const Group *g) { (void)g; return NULL; }
