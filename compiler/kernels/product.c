#include "group.h"
bool schedule_product(Nodes *to, const Nest *nest) { (void)to; (void)nest; return false; }
