#include "group.h"
void schedule_lanes(Nodes *to, const Nest *nest) { schedule_plain(to, nest); }
