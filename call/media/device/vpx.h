// The few libvpx calls that a VP8 conversation needs, with the state in C
// memory so that no Go pointer is kept.
#ifndef CONCLAVE_VPX_H
#define CONCLAVE_VPX_H
#include <stddef.h>
#include <stdint.h>

typedef struct cv_encoder cv_encoder;
typedef struct cv_decoder cv_decoder;

// text != 0 is for screens: sharp letters count for more than fluent movement.
cv_encoder *cv_encoder_new(int width, int height, int kbps, int text, int *err);
int cv_encoder_rate(cv_encoder *e, int kbps);
// A result by value, so that no Go variable has to live on the heap for it.
typedef struct {
  const uint8_t *data;
  size_t size;
  int is_key, err;
} cv_packet;

// Encodes one picture. data stays valid until the next call; size 0 means dropped.
cv_packet cv_encoder_encode(cv_encoder *e, const uint8_t *y, const uint8_t *u, const uint8_t *v,
                            int stride_y, int stride_uv, int64_t pts, int64_t duration, int key);
void cv_encoder_free(cv_encoder *e);

typedef struct {
  const uint8_t *y, *u, *v;
  int stride_y, stride_u, stride_v, width, height;
} cv_picture;

cv_decoder *cv_decoder_new(int *err);
// Decodes one frame; p->width 0 means that nothing is shown.
int cv_decoder_decode(cv_decoder *d, const uint8_t *data, size_t size, cv_picture *p);
void cv_decoder_free(cv_decoder *d);
#endif
