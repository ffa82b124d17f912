#include "paint.h"

#include <string.h>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

// 6-bit fixed point: 1.164 = 74.5/64, 1.596 = 102/64, 0.391 = 25/64,
// 0.813 = 52/64, 2.018 = 129/64. Both paths below give the same bytes.
static inline uint8_t clamp(int v) { return v < 0 ? 0 : v > 255 ? 255 : v; }

// (y-16) * 74.5, rounded down as the vector code does.
static inline int luma(int y) { return (y - 16) * 74 + ((y - 16) >> 1); }

static void row_portable(uint8_t *d, const uint8_t *y, const uint8_t *u, const uint8_t *v, int x,
                         int w) {
  for (; x < w; x++) {
    int l = luma(y[x]) + 32, b = u[x >> 1] - 128, r = v[x >> 1] - 128;
    d[4 * x] = clamp((l + 102 * r) >> 6);
    d[4 * x + 1] = clamp((l - 25 * b - 52 * r) >> 6);
    d[4 * x + 2] = clamp((l + 129 * b) >> 6);
    d[4 * x + 3] = 255;
  }
}

#if defined(__SSE2__)
// Eight pixels of 16-bit lanes. All sums stay inside 16 bits except blue's,
// whose overflow saturates on the side where the byte is clamped anyway.
static inline __m128i eight(const __m128i l, const __m128i c) {
  return _mm_srai_epi16(_mm_adds_epi16(l, c), 6);
}

static int row_sse2(uint8_t *d, const uint8_t *y, const uint8_t *u, const uint8_t *v, int w) {
  const __m128i zero = _mm_setzero_si128(), c16 = _mm_set1_epi16(16), c128 = _mm_set1_epi16(128),
                 c32 = _mm_set1_epi16(32), rv = _mm_set1_epi16(102),
                gu = _mm_set1_epi16(-25), gv = _mm_set1_epi16(-52), bu = _mm_set1_epi16(129),
                opaque = _mm_set1_epi8(-1);
  int x = 0;
  for (; x + 16 <= w; x += 16) {
    __m128i yy = _mm_loadu_si128((const __m128i *)(y + x));
    __m128i u8 = _mm_loadl_epi64((const __m128i *)(u + (x >> 1)));
    __m128i v8 = _mm_loadl_epi64((const __m128i *)(v + (x >> 1)));
    __m128i u16 = _mm_sub_epi16(_mm_unpacklo_epi8(u8, zero), c128);
    __m128i v16 = _mm_sub_epi16(_mm_unpacklo_epi8(v8, zero), c128);
    __m128i r = _mm_mullo_epi16(v16, rv), b = _mm_mullo_epi16(u16, bu);
    __m128i g = _mm_add_epi16(_mm_mullo_epi16(u16, gu), _mm_mullo_epi16(v16, gv));
    // (y-16)*149 needs up to 35,611: halve by splitting 149 = 2*74 + 1.
    __m128i ylo = _mm_sub_epi16(_mm_unpacklo_epi8(yy, zero), c16);
    __m128i yhi = _mm_sub_epi16(_mm_unpackhi_epi8(yy, zero), c16);
    const __m128i c74 = _mm_set1_epi16(74);
    __m128i llo = _mm_add_epi16(_mm_add_epi16(_mm_mullo_epi16(ylo, c74), _mm_srai_epi16(ylo, 1)), c32);
    __m128i lhi = _mm_add_epi16(_mm_add_epi16(_mm_mullo_epi16(yhi, c74), _mm_srai_epi16(yhi, 1)), c32);
    __m128i R = _mm_packus_epi16(eight(llo, _mm_unpacklo_epi16(r, r)), eight(lhi, _mm_unpackhi_epi16(r, r)));
    __m128i G = _mm_packus_epi16(eight(llo, _mm_unpacklo_epi16(g, g)), eight(lhi, _mm_unpackhi_epi16(g, g)));
    __m128i B = _mm_packus_epi16(eight(llo, _mm_unpacklo_epi16(b, b)), eight(lhi, _mm_unpackhi_epi16(b, b)));
    __m128i rg0 = _mm_unpacklo_epi8(R, G), rg1 = _mm_unpackhi_epi8(R, G);
    __m128i ba0 = _mm_unpacklo_epi8(B, opaque), ba1 = _mm_unpackhi_epi8(B, opaque);
    _mm_storeu_si128((__m128i *)(d + 4 * x), _mm_unpacklo_epi16(rg0, ba0));
    _mm_storeu_si128((__m128i *)(d + 4 * x + 16), _mm_unpackhi_epi16(rg0, ba0));
    _mm_storeu_si128((__m128i *)(d + 4 * x + 32), _mm_unpacklo_epi16(rg1, ba1));
    _mm_storeu_si128((__m128i *)(d + 4 * x + 48), _mm_unpackhi_epi16(rg1, ba1));
  }
  return x;
}
#endif

void cv_paint(uint8_t *rgba, int stride, const uint8_t *y, int sy, const uint8_t *u,
              const uint8_t *v, int suv, int w, int h, int portable) {
  for (int j = 0; j < h; j++) {
    uint8_t *d = rgba + (size_t)j * stride;
    const uint8_t *yr = y + (size_t)j * sy, *ur = u + (size_t)(j >> 1) * suv,
                  *vr = v + (size_t)(j >> 1) * suv;
    int x = 0;
#if defined(__SSE2__)
    if (!portable) x = row_sse2(d, yr, ur, vr, w);
#else
    (void)portable;
#endif
    row_portable(d, yr, ur, vr, x, w);
  }
}

// 220 steps of luma and 225 of chroma, in 1/256; the sums of the luma weights
// and of the chroma weights make white 235 and grey 128 exactly.
static inline uint8_t luma_of(int r, int g, int b) {
  return (uint8_t)((66 * r + 129 * g + 25 * b + 128 + 16 * 256) >> 8);
}

void cv_unpaint(uint8_t *y, uint8_t *u, uint8_t *v, int sy, int suv, const uint8_t *bgrx,
                int stride, int w, int h, int red_first) {
  const int ri = red_first ? 0 : 2, bi = red_first ? 2 : 0;
  for (int j = 0; j < h; j++) {
    const uint8_t *p = bgrx + (size_t)j * stride;
    uint8_t *d = y + (size_t)j * sy;
    for (int i = 0; i < w; i++) d[i] = luma_of(p[4 * i + ri], p[4 * i + 1], p[4 * i + bi]);
  }
  for (int j = 0; j < h / 2; j++) {
    const uint8_t *p = bgrx + (size_t)(2 * j) * stride, *q = p + stride;
    uint8_t *du = u + (size_t)j * suv, *dv = v + (size_t)j * suv;
    for (int i = 0; i < w / 2; i++) {
      int k = 8 * i;
      int r = p[k + ri] + p[k + 4 + ri] + q[k + ri] + q[k + 4 + ri];
      int g = p[k + 1] + p[k + 5] + q[k + 1] + q[k + 5];
      int b = p[k + bi] + p[k + 4 + bi] + q[k + bi] + q[k + 4 + bi];
      du[i] = (uint8_t)((-38 * r - 74 * g + 112 * b + 512 + 128 * 1024) >> 10);
      dv[i] = (uint8_t)((112 * r - 94 * g - 18 * b + 512 + 128 * 1024) >> 10);
    }
  }
}

void cv_halve(uint8_t *dst, int ds, int dw, int dh, const uint8_t *src, int ss, int portable) {
  for (int j = 0; j < dh; j++) {
    uint8_t *d = dst + (size_t)j * ds;
    const uint8_t *a = src + (size_t)(2 * j) * ss, *b = a + ss;
    int x = 0;
#if defined(__SSE2__)
    const __m128i low = _mm_set1_epi16(255), two = _mm_set1_epi16(2);
    if (!portable)
      for (; x + 8 <= dw; x += 8) {
        __m128i p = _mm_loadu_si128((const __m128i *)(a + 2 * x));
        __m128i q = _mm_loadu_si128((const __m128i *)(b + 2 * x));
        __m128i s = _mm_add_epi16(_mm_add_epi16(_mm_and_si128(p, low), _mm_srli_epi16(p, 8)),
                                  _mm_add_epi16(_mm_and_si128(q, low), _mm_srli_epi16(q, 8)));
        s = _mm_srli_epi16(_mm_add_epi16(s, two), 2);
        _mm_storel_epi64((__m128i *)(d + x), _mm_packus_epi16(s, s));
      }
#else
    (void)portable;
#endif
    for (; x < dw; x++) d[x] = (a[2 * x] + a[2 * x + 1] + b[2 * x] + b[2 * x + 1] + 2) >> 2;
  }
}

// blend writes a row between two: (a*(128-f) + b*f) / 128, f 0 to 127.
static void blend(uint8_t *d, const uint8_t *a, const uint8_t *b, int f, int w, int portable) {
  int x = 0;
  if (f == 0) {
    memcpy(d, a, w);
    return;
  }
#if defined(__SSE2__)
  const __m128i zero = _mm_setzero_si128(), fa = _mm_set1_epi16(128 - f), fb = _mm_set1_epi16(f),
                half = _mm_set1_epi16(64);
  if (!portable)
    for (; x + 16 <= w; x += 16) {
      __m128i p = _mm_loadu_si128((const __m128i *)(a + x)), q = _mm_loadu_si128((const __m128i *)(b + x));
      __m128i lo = _mm_add_epi16(_mm_mullo_epi16(_mm_unpacklo_epi8(p, zero), fa),
                                 _mm_mullo_epi16(_mm_unpacklo_epi8(q, zero), fb));
      __m128i hi = _mm_add_epi16(_mm_mullo_epi16(_mm_unpackhi_epi8(p, zero), fa),
                                 _mm_mullo_epi16(_mm_unpackhi_epi8(q, zero), fb));
      lo = _mm_srli_epi16(_mm_add_epi16(lo, half), 7);
      hi = _mm_srli_epi16(_mm_add_epi16(hi, half), 7);
      _mm_storeu_si128((__m128i *)(d + x), _mm_packus_epi16(lo, hi));
    }
#else
  (void)portable;
#endif
  for (; x < w; x++) d[x] = (a[x] * (128 - f) + b[x] * f + 64) >> 7;
}

void cv_bilinear(uint8_t *dst, int ds, int dw, int dh, const uint8_t *src, int ss, int sw,
                 int sh, uint8_t *tmp, int portable) {
  // Pixel centres are aligned: source = (target + 0.5) * scale - 0.5, 16.16.
  int64_t stepx = ((int64_t)sw << 16) / dw, stepy = ((int64_t)sh << 16) / dh;
  int64_t startx = (stepx >> 1) - 32768, y = (stepy >> 1) - 32768;
  for (int j = 0; j < dh; j++, y += stepy) {
    int64_t cy = y < 0 ? 0 : y;
    int iy = (int)(cy >> 16), fy = (int)(cy >> 9) & 127;
    if (iy >= sh - 1) iy = sh - 1, fy = 0;
    const uint8_t *a = src + (size_t)iy * ss;
    blend(tmp, a, fy ? a + ss : a, fy, sw, portable);
    tmp[sw] = tmp[sw - 1];
    uint8_t *d = dst + (size_t)j * ds;
    if (dw == sw) {
      memcpy(d, tmp, dw);
      continue;
    }
    int64_t x = startx;
    int last = (sw - 1) << 16;
    for (int i = 0; i < dw; i++, x += stepx) {
      int cx = x < 0 ? 0 : x > last ? last : (int)x;
      int ix = cx >> 16, fx = (cx >> 9) & 127;
      d[i] = (tmp[ix] * (128 - fx) + tmp[ix + 1] * fx + 64) >> 7;
    }
  }
}
