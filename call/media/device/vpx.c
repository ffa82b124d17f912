#include "vpx.h"

#include <stdlib.h>
#include <string.h>
#include <vpx/vp8cx.h>
#include <vpx/vp8dx.h>
#include <vpx/vpx_decoder.h>
#include <vpx/vpx_encoder.h>

struct cv_encoder {
  vpx_codec_ctx_t ctx;
  vpx_codec_enc_cfg_t cfg;
};

struct cv_decoder {
  vpx_codec_ctx_t ctx;
};

cv_encoder *cv_encoder_new(int width, int height, int kbps, int text, int *err) {
  cv_encoder *e = calloc(1, sizeof *e);
  if (!e) {
    *err = VPX_CODEC_MEM_ERROR;
    return NULL;
  }
  vpx_codec_enc_cfg_t *g = &e->cfg;
  *err = vpx_codec_enc_config_default(vpx_codec_vp8_cx(), g, 0);
  if (*err) {
    free(e);
    return NULL;
  }
  g->g_w = width;
  g->g_h = height;
  g->g_timebase.num = 1;
  g->g_timebase.den = 90000;
  g->g_threads = 1;  // two spin against each other on busy cores
  g->g_lag_in_frames = 0;
  g->g_error_resilient = 0;
  g->rc_end_usage = VPX_CBR;
  g->rc_target_bitrate = kbps;
  g->rc_min_quantizer = 2;
  g->rc_max_quantizer = 56;
  g->rc_undershoot_pct = 100;
  g->rc_overshoot_pct = 15;
  g->rc_buf_sz = 1000;
  g->rc_buf_initial_sz = 500;
  g->rc_buf_optimal_sz = 600;
  g->rc_dropframe_thresh = 30;
  g->kf_mode = VPX_KF_AUTO;
  g->kf_max_dist = 3000;
  if (text) {
    // A picture that comes later is better than letters that cannot be read, so
    // pictures may be left out, and a page that turns may take its time.
    g->rc_max_quantizer = 44;
    g->rc_buf_sz = 2000;
    g->rc_buf_initial_sz = 1500;
    g->rc_buf_optimal_sz = 1500;
    g->rc_overshoot_pct = 50;
  }
  *err = vpx_codec_enc_init(&e->ctx, vpx_codec_vp8_cx(), g, 0);
  if (*err) {
    free(e);
    return NULL;
  }
  // Negative: a fixed speed. Zero and above fill the frame's whole time.
  vpx_codec_control(&e->ctx, VP8E_SET_CPUUSED, -8);
  vpx_codec_control(&e->ctx, VP8E_SET_STATIC_THRESHOLD, 1);
  vpx_codec_control(&e->ctx, VP8E_SET_MAX_INTRA_BITRATE_PCT, text ? 1200 : 300);
  if (text) vpx_codec_control(&e->ctx, VP8E_SET_SCREEN_CONTENT_MODE, 1);
  return e;
}

int cv_encoder_rate(cv_encoder *e, int kbps) {
  e->cfg.rc_target_bitrate = kbps;
  return vpx_codec_enc_config_set(&e->ctx, &e->cfg);
}

cv_packet cv_encoder_encode(cv_encoder *e, const uint8_t *y, const uint8_t *u, const uint8_t *v,
                            int stride_y, int stride_uv, int64_t pts, int64_t duration, int key) {
  cv_packet out = {0};
  vpx_image_t im;
  // The wrapped pointer is only checked for alignment; the planes are set below.
  if (!vpx_img_wrap(&im, VPX_IMG_FMT_I420, e->cfg.g_w, e->cfg.g_h, 1, (unsigned char *)y)) {
    out.err = VPX_CODEC_INVALID_PARAM;
    return out;
  }
  im.planes[VPX_PLANE_Y] = (unsigned char *)y;
  im.planes[VPX_PLANE_U] = (unsigned char *)u;
  im.planes[VPX_PLANE_V] = (unsigned char *)v;
  im.stride[VPX_PLANE_Y] = stride_y;
  im.stride[VPX_PLANE_U] = stride_uv;
  im.stride[VPX_PLANE_V] = stride_uv;
  out.err = vpx_codec_encode(&e->ctx, &im, pts, (unsigned long)duration,
                             key ? VPX_EFLAG_FORCE_KF : 0, VPX_DL_REALTIME);
  if (out.err) return out;
  vpx_codec_iter_t iter = NULL;
  const vpx_codec_cx_pkt_t *p;
  while ((p = vpx_codec_get_cx_data(&e->ctx, &iter)) != NULL) {
    if (p->kind != VPX_CODEC_CX_FRAME_PKT) continue;
    out.data = p->data.frame.buf;
    out.size = p->data.frame.sz;
    out.is_key = (p->data.frame.flags & VPX_FRAME_IS_KEY) != 0;
    break;
  }
  return out;
}

void cv_encoder_free(cv_encoder *e) {
  if (!e) return;
  vpx_codec_destroy(&e->ctx);
  free(e);
}

cv_decoder *cv_decoder_new(int *err) {
  cv_decoder *d = calloc(1, sizeof *d);
  if (!d) {
    *err = VPX_CODEC_MEM_ERROR;
    return NULL;
  }
  vpx_codec_dec_cfg_t cfg = {.threads = 1};
  *err = vpx_codec_dec_init(&d->ctx, vpx_codec_vp8_dx(), &cfg, 0);
  if (*err) {
    free(d);
    return NULL;
  }
  return d;
}

int cv_decoder_decode(cv_decoder *d, const uint8_t *data, size_t size, cv_picture *p) {
  memset(p, 0, sizeof *p);
  int err = vpx_codec_decode(&d->ctx, data, (unsigned)size, NULL, 0);
  if (err) return err;
  vpx_codec_iter_t iter = NULL;
  vpx_image_t *im = vpx_codec_get_frame(&d->ctx, &iter);
  if (!im) return 0;
  if (im->fmt != VPX_IMG_FMT_I420) return VPX_CODEC_UNSUP_BITSTREAM;
  p->y = im->planes[VPX_PLANE_Y];
  p->u = im->planes[VPX_PLANE_U];
  p->v = im->planes[VPX_PLANE_V];
  p->stride_y = im->stride[VPX_PLANE_Y];
  p->stride_u = im->stride[VPX_PLANE_U];
  p->stride_v = im->stride[VPX_PLANE_V];
  p->width = im->d_w;
  p->height = im->d_h;
  return 0;
}

void cv_decoder_free(cv_decoder *d) {
  if (!d) return;
  vpx_codec_destroy(&d->ctx);
  free(d);
}
