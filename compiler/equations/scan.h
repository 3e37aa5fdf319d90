/* Recurrences: whether equations that read each other in a circle can be computed one time after the other. */
#ifndef NNC_SCAN_H
#define NNC_SCAN_H
#include "program.h"

/* Sorts the members by what they read at the same time and sets their scan fields to this number. False: there is no such
 * time, and an error was reported at the first member. */
bool scan_order(Equation **member, int n, int number);
#endif
