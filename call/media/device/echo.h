// Acoustic echo cancellation and noise suppression by speexdsp, of mono sound
// in short frames.
#ifndef CONCLAVE_ECHO_H
#define CONCLAVE_ECHO_H
#include <stdint.h>

typedef struct cv_echo cv_echo;

// NULL when there is no memory. frame and tail are in samples.
cv_echo *cv_echo_new(int rate, int frame, int tail);
// Takes what far left in near out of it, and noise; far is NULL when nothing was
// played for a while. The three do not overlap.
void cv_echo_run(cv_echo *e, const int16_t *near, const int16_t *far, int16_t *out);
void cv_echo_free(cv_echo *e);
#endif
