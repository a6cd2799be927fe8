#include "rpc/timers.h"

#include <stddef.h>

/*
 * A node's `before` is its parent when it is the first child, otherwise its left sibling; `after`
 * is its right sibling. The root has neither.
 */

static struct rpc_timer *meld(struct rpc_timer *a, struct rpc_timer *b) {
    if (!a)
        return b;
    if (!b)
        return a;
    if (b->due_us < a->due_us) {
        struct rpc_timer *t = a;
        a = b;
        b = t;
    }
    b->before = a;
    b->after = a->child;
    if (a->child)
        a->child->before = b;
    a->child = b;
    a->before = NULL;
    a->after = NULL;
    return a;
}

/* Melds siblings in pairs from left to right, then the pairs from right to left. */
static struct rpc_timer *meld_siblings(struct rpc_timer *first) {
    struct rpc_timer *pairs = NULL; /* a stack, linked through `after` */
    while (first) {
        struct rpc_timer *a = first;
        struct rpc_timer *b = a->after;
        first = b ? b->after : NULL;
        a->before = a->after = NULL;
        if (b)
            b->before = b->after = NULL;
        struct rpc_timer *pair = meld(a, b);
        pair->after = pairs;
        pairs = pair;
    }
    struct rpc_timer *root = NULL;
    while (pairs) {
        struct rpc_timer *next = pairs->after;
        pairs->after = NULL;
        root = meld(root, pairs);
        pairs = next;
    }
    return root;
}

static void cut(struct rpc_timer *timer) {
    if (timer->before->child == timer)
        timer->before->child = timer->after;
    else
        timer->before->after = timer->after;
    if (timer->after)
        timer->after->before = timer->before;
    timer->before = timer->after = NULL;
}

void rpc_timers_disarm(struct rpc_timers *timers, struct rpc_timer *timer) {
    if (!timer->armed)
        return;
    timer->armed = false;
    struct rpc_timer *children = meld_siblings(timer->child);
    timer->child = NULL;
    if (timers->root == timer) {
        timers->root = children;
        return;
    }
    cut(timer);
    timers->root = meld(timers->root, children);
}

void rpc_timers_arm(struct rpc_timers *timers, struct rpc_timer *timer, int64_t due_us) {
    rpc_timers_disarm(timers, timer);
    timer->armed = true;
    timer->due_us = due_us;
    timer->child = timer->before = timer->after = NULL;
    timers->root = meld(timers->root, timer);
}

int64_t rpc_timers_next_due_us(const struct rpc_timers *timers) {
    return timers->root ? timers->root->due_us : INT64_MAX;
}

struct rpc_timer *rpc_timers_take_due(struct rpc_timers *timers, int64_t now_us) {
    struct rpc_timer *timer = timers->root;
    if (!timer || timer->due_us > now_us)
        return NULL;
    rpc_timers_disarm(timers, timer);
    return timer;
}
