/*
 * Refuses what must not be generated. Every finding becomes a problem; nothing stops at the first.
 */
#ifndef CODEGEN_CHECK_H
#define CODEGEN_CHECK_H

#include "codegen/model.h"

/* All of the following. */
void check_model(const struct model *model);

/* Each method says who may call it, and says it once. */
void check_access(const struct model *model);

/* No proto3 `optional`: protobuf-c cannot express it. */
void check_presence(const struct model *model);

/* Each rule fits its field, each pair of bounds holds something, and no rule is left behind in a
 * file whose code is not generated. */
void check_rules(const struct model *model);

/* No message that an RPC can reach holds itself: nothing would bound its depth. */
void check_cycles(const struct model *model);

/* No two things of the run have one name in C, and protobuf-c's names of methods are no keywords.
 */
void check_names(const struct model *model);

#endif
