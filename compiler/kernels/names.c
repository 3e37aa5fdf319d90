/* Names within a kernel: a loop index or a local never has the name of an argument, nor of an index or a local that is in
 * scope where it is declared. What would collide gets a number: i, i_2, i_3. */
#include "group.h"

typedef LIST(const char *) Scope;

static bool taken(const Scope *s, const char *name) {
    for (int k = 0; k < s->n; k++)
        if (s->at[k] == name) return true;
    return false;
}

static const char *fresh(Scope *s, const char *name) {
    const char *result = name_of(name);
    for (int k = 2; taken(s, result); k++)
        result = name_of(text("%s_%d", name, k));
    PUSH(*s, result);
    return result;
}

static void name_block(Nodes *nodes, Scope *scope) {
    int outer = scope->n;
    for (int k = 0; k < nodes->n; k++) {
        Node *n = nodes->at[k];
        int before = scope->n;
        if (n->kind == NODE_LOOP) {
            const char *name = fresh(scope, n->index->name);
            if (name != n->index->name) {
                const Index *renamed = index_new(name, n->index->extent, n->index->count);
                substitute_nodes(&n->body, n->index, At(renamed));
                n->index = renamed;
            }
        } else if (n->kind == NODE_DECLARE) {
            const char *name = fresh(scope, n->tensor->name);
            if (name != n->tensor->name) {
                Tensor *renamed = NEW(Tensor);
                *renamed = *n->tensor;
                renamed->name = name;
                Nodes rest = {.at = nodes->at + k, .n = nodes->n - k};
                replace_tensor(&rest, n->tensor, renamed);
            }
        }
        name_block(&n->body, scope);
        if (n->kind == NODE_LOOP) scope->n = before;
    }
    scope->n = outer;
}

void unique_names(Kernel *k) {
    Scope scope = {0};
    for (int a = 0; a < k->arguments.n; a++)
        PUSH(scope, name_of(k->arguments.at[a]->name));
    name_block(&k->body, &scope);
}
