// Scaling of planes and conversion of limited-range BT.601 YUV 4:2:0 to RGBA.
#ifndef CONCLAVE_PAINT_H
#define CONCLAVE_PAINT_H
#include <stdint.h>

// Paints w x h pixels. portable != 0 leaves the vector code out.
void cv_paint(uint8_t *rgba, int stride, const uint8_t *y, int sy, const uint8_t *u,
              const uint8_t *v, int suv, int w, int h, int portable);
// The way back: w x h pixels of four bytes, blue first or red first, to planes.
// w and h are even.
void cv_unpaint(uint8_t *y, uint8_t *u, uint8_t *v, int sy, int suv, const uint8_t *bgrx,
                int stride, int w, int h, int red_first);
// Halves a plane in both directions by averaging; dw and dh are the result's size.
void cv_halve(uint8_t *dst, int ds, int dw, int dh, const uint8_t *src, int ss, int portable);
// Scales a plane bilinearly. tmp holds one row of the source, sw + 1 bytes.
void cv_bilinear(uint8_t *dst, int ds, int dw, int dh, const uint8_t *src, int ss, int sw,
                 int sh, uint8_t *tmp, int portable);
#endif
