#include "echo.h"

#include <speex/speex_echo.h>
#include <speex/speex_preprocess.h>
#include <stdlib.h>
#include <string.h>

struct cv_echo {
  SpeexEchoState *echo;
  SpeexPreprocessState *rest;
  int frame;
};

cv_echo *cv_echo_new(int rate, int frame, int tail) {
  cv_echo *e = calloc(1, sizeof *e);
  if (!e) return NULL;
  e->frame = frame;
  e->echo = speex_echo_state_init(frame, tail);
  e->rest = speex_preprocess_state_init(frame, rate);
  if (!e->echo || !e->rest) {
    cv_echo_free(e);
    return NULL;
  }
  speex_echo_ctl(e->echo, SPEEX_ECHO_SET_SAMPLING_RATE, &rate);
  speex_preprocess_ctl(e->rest, SPEEX_PREPROCESS_SET_ECHO_STATE, e->echo);
  int on = 1, noise = -15, quiet = -45, talking = -15;
  speex_preprocess_ctl(e->rest, SPEEX_PREPROCESS_SET_DENOISE, &on);
  speex_preprocess_ctl(e->rest, SPEEX_PREPROCESS_SET_NOISE_SUPPRESS, &noise);
  speex_preprocess_ctl(e->rest, SPEEX_PREPROCESS_SET_ECHO_SUPPRESS, &quiet);
  speex_preprocess_ctl(e->rest, SPEEX_PREPROCESS_SET_ECHO_SUPPRESS_ACTIVE, &talking);
  return e;
}

void cv_echo_run(cv_echo *e, const int16_t *near, const int16_t *far, int16_t *out) {
  if (far)
    speex_echo_cancellation(e->echo, near, far, out);
  else
    memcpy(out, near, (size_t)e->frame * sizeof *out);
  speex_preprocess_run(e->rest, out);
}

void cv_echo_free(cv_echo *e) {
  if (!e) return;
  if (e->rest) speex_preprocess_state_destroy(e->rest);
  if (e->echo) speex_echo_state_destroy(e->echo);
  free(e);
}
