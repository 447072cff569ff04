/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* libalexnet: classifies images with AlexNet, on a GPU or on any CPU.
 *
 *     model -> engine -> stream -> submit (image) = request
 *                                  -> wait = classes -> release
 *
 *     AlexnetModel *model = alexnet_model_load (path, NULL, &error);
 *     AlexnetEngine *engine = alexnet_engine_get (model, NULL, &error);
 *     AlexnetStream *stream = alexnet_stream_new (engine, NULL, 4);
 *     AlexnetRequest *r = alexnet_stream_submit (stream, &image, NULL, &error);
 *     AlexnetResult result;
 *     if (alexnet_request_wait (r, &result, &error))
 *       use (result.best[0].class_id, result.best[0].probability);
 *     alexnet_request_release (r);
 *
 * Conventions, true everywhere unless a comment says otherwise:
 * - Objects are made by _load, _get or _new and given back by _unref or
 *   _free, which accept NULL. Strings and arrays that a getter returns belong
 *   to the object.
 * - A function with a GError argument returns NULL or FALSE when it fails and
 *   then sets the error, domain ALEXNET_ERROR. The message is one line and
 *   says what was found, where, and what was expected.
 * - Parameter structs may be zero-initialised: 0 means "the default", a NULL
 *   pointer to one means "all defaults". They are copied.
 * - Shapes are written [C,H,W]; sizes are in pixels, strides in bytes, times
 *   in nanoseconds.
 */

#ifndef ALEXNET_H
#define ALEXNET_H

#include <glib.h>

G_BEGIN_DECLS

#define ALEXNET_API __attribute__ ((visibility ("default")))

/* ---- errors -------------------------------------------------------------- */

#define ALEXNET_ERROR (alexnet_error_quark ())

typedef enum {
  ALEXNET_ERROR_NOT_FOUND,      /* a file is absent or cannot be read */
  ALEXNET_ERROR_FORMAT,         /* a file is not what it should be */
  ALEXNET_ERROR_INVALID,        /* an argument breaks its documented rule */
  ALEXNET_ERROR_UNSUPPORTED,    /* not built in, or this machine cannot do it */
  ALEXNET_ERROR_NO_MEMORY,      /* host or device memory */
  ALEXNET_ERROR_DEVICE,         /* the device failed; the engine is lost */
  ALEXNET_ERROR_CANCELLED,      /* alexnet_stream_set_flushing() */
  ALEXNET_ERROR_NOT_FINITE,     /* the network gave NaN or infinity */
} AlexnetError;

ALEXNET_API GQuark alexnet_error_quark (void);

/* ---- what happens to pixels ---------------------------------------------- */

/* How a region of any shape becomes the network's square input. Which side is
 * the shorter one, and by how much, is a matter of how it is displayed:
 * pixels need not be square (AlexnetImage). */
typedef enum {
  ALEXNET_CROP_MODEL,           /* as the model was trained */
  ALEXNET_CROP_CENTER,          /* shorter side to resize_size, cut centre */
  ALEXNET_CROP_SQUASH,          /* both sides to resize_size, cut centre */
  ALEXNET_CROP_STRETCH,         /* both sides to the input size */
  ALEXNET_CROP_LETTERBOX,       /* longer side to the input size, pad mean */
  ALEXNET_N_CROP_MODES
} AlexnetCropMode;

/* "model", "center-crop", "squash", "stretch", "letterbox". Static. */
ALEXNET_API const char *alexnet_crop_mode_name (AlexnetCropMode mode);

/* How a resize weighs the pixels of the image. */
typedef enum {
  ALEXNET_INTERPOLATION_MODEL,  /* as the model was trained */
  ALEXNET_INTERPOLATION_BILINEAR_ANTIALIAS, /* all that a pixel covers */
  ALEXNET_INTERPOLATION_BILINEAR, /* the nearest two of each axis */
  ALEXNET_N_INTERPOLATIONS
} AlexnetInterpolation;

/* "model", "bilinear-antialias", "bilinear". Static. */
ALEXNET_API const char *alexnet_interpolation_name (
    AlexnetInterpolation interpolation);

/* In which order the network wants R, G and B. */
typedef enum {
  ALEXNET_CHANNELS_MODEL,       /* as the model was trained */
  ALEXNET_CHANNELS_RGB,
  ALEXNET_CHANNELS_BGR,
  ALEXNET_N_CHANNEL_ORDERS
} AlexnetChannelOrder;

/* "model", "RGB", "BGR". Static. */
ALEXNET_API const char *alexnet_channel_order_name (AlexnetChannelOrder order);

/* Which part CROP_CENTER and CROP_SQUASH keep of what they resized; the others
 * keep all of it. */
typedef enum {
  ALEXNET_POSITION_CENTER,
  ALEXNET_POSITION_TOP_LEFT, ALEXNET_POSITION_TOP_RIGHT,
  ALEXNET_POSITION_BOTTOM_LEFT, ALEXNET_POSITION_BOTTOM_RIGHT,
  ALEXNET_N_POSITIONS
} AlexnetCropPosition;

/* A zero crop_mode, resize_size, interpolation or channel_order means the
 * model's own value (alexnet_model_get_preprocess()), a std of zero its own std
 * and mean of that channel. The network's input is (rgb / 255 - mean[c]) /
 * std[c] with c = R, G, B, in the channel_order. A network of one channel is
 * given luma, that is, ITU-R BT.601's of this rgb, as Pillow's mode L, and
 * takes mean[0] and std[0]. */
typedef struct {
  AlexnetCropMode crop_mode;
  guint resize_size;            /* what CROP_CENTER, CROP_SQUASH cut from */
  AlexnetInterpolation interpolation;
  float mean[3], std[3];        /* in R, G, B order, for values 0..1 */
  AlexnetChannelOrder channel_order;
  AlexnetCropPosition crop_position;
  gboolean mirror;              /* left to right, after the resize */
} AlexnetPreprocess;

/* ---- models -------------------------------------------------------------- */

/* A network and where its weights lie; immutable, reference counted. The file
 * stays open, and its weights are read by each engine that is made: what
 * replaces it at its path makes no difference then, and one that is cut short
 * or rewritten in place is an error (FORMAT).
 * Thread-safety: every function may be called from any thread. */
typedef struct _AlexnetModel AlexnetModel;

/* What a file may leave open. */
typedef struct {
  const char *part;             /* the network to take from a file that holds
                                   several, by what stands before the names of
                                   its tensors: "model_ema" */
  const char *architecture;     /* "torchvision", "caffe" or "caffenet", for a
                                   file that has only names of tensors; NULL =
                                   as the file says, or by these names */
  const char *labels_file;      /* instead of the file's labels, as
                                   alexnet_labels_load() reads it */
  const char *mean_file;        /* a mean.binaryproto of Caffe, whose channels'
                                   means are subtracted instead of the file's */
} AlexnetModelParams;

/* Reads and checks a model file, recognised by content: safetensors, PyTorch,
 * ONNX, Caffe or numpy. Loading a file that is already loaded, from the same
 * directory and with the same parameters, returns the same model with one more
 * reference while nothing of what it was read from has changed on disk, labels
 * and means included. NOT_FOUND, FORMAT. */
ALEXNET_API AlexnetModel *alexnet_model_load (const char *path,
    const AlexnetModelParams *params, GError **error);
ALEXNET_API AlexnetModel *alexnet_model_ref (AlexnetModel *model);
ALEXNET_API void alexnet_model_unref (AlexnetModel *model);

/* The model that a user who names none gets: $ALEXNET_MODEL, or the first that
 * can be used of the model files in alexnet/ below the user's and the system's
 * data directories (*.safetensors, then *.pth, ...; each kind in the order of
 * names), or the demonstration model. `problems`, unless NULL, is set to a line
 * for each file there that could not be used and each directory that could not
 * be read, NULL-terminated; the caller frees it with g_strfreev(). NOT_FOUND,
 * naming the problems, which are not in `problems` then, and every place that
 * was searched; what alexnet_model_load() says of $ALEXNET_MODEL. */
ALEXNET_API AlexnetModel *alexnet_model_load_default (
    const AlexnetModelParams *params, char ***problems, GError **error);

/* TRUE when `path` is the demonstration model that comes with this library. */
ALEXNET_API gboolean alexnet_model_is_demonstration (const char *path);

ALEXNET_API const char *alexnet_model_get_path (const AlexnetModel *model);

/* What the file is and where in it or beside it everything was found, a line
 * each: "kind: PyTorch", "types: F32", "part: ...", "layers from: ...", "labels
 * from: ...", "preprocessing from: ...", "note: ...". */
ALEXNET_API const char *alexnet_model_get_origin (const AlexnetModel *model);

/* "torchvision", "caffe", "caffenet"; of a file that lists its layers, the one
 * with layers of the same kinds, or "custom". */
ALEXNET_API const char *alexnet_model_get_architecture (
    const AlexnetModel *model);
ALEXNET_API guint alexnet_model_get_n_classes (const AlexnetModel *model);

/* Values of an embedding (AlexnetEngineParams): 4096 of an AlexNet; 0: the
 * network has no linear layer. */
ALEXNET_API guint alexnet_model_get_n_embedding (const AlexnetModel *model);

/* Channels of the input: 3 or, where the network is fed with luma, 1. */
ALEXNET_API guint alexnet_model_get_input_channels (const AlexnetModel *model);

/* Side of the square input: 224 or 227. */
ALEXNET_API guint alexnet_model_get_input_size (const AlexnetModel *model);

/* n_classes strings and a terminating NULL: the file's own or, for a model of
 * 1000 classes without any, ImageNet's. NULL when there are none. */
ALEXNET_API const char *const *alexnet_model_get_labels (
    const AlexnetModel *model);

/* How the model was trained: the file's metadata or, for what that does not
 * say, its architecture's custom. No field is zero that would mean this. */
ALEXNET_API const AlexnetPreprocess *alexnet_model_get_preprocess (
    const AlexnetModel *model);

/* Who wants to know how far something is: 0 .. 1. */
typedef struct {
  void (*update) (gpointer user, double fraction);
  gpointer user;
} AlexnetProgress;

/* Writes the model as one safetensors file that describes itself: its weights
 * as they are stored, its table of layers, labels and preprocessing wherever
 * they were found. What is at `path` stays when that fails; a link there stays
 * always, and what it leads to is replaced; a file that replaces another has
 * its mode. `progress` may be NULL. INVALID: the file cannot be written, or is
 * no regular file; FORMAT: the model's cannot be read any more; NO_MEMORY. */
ALEXNET_API gboolean alexnet_model_save (const AlexnetModel *model,
    const char *path, const AlexnetProgress *progress, GError **error);

/* A string of the file's metadata ("source", "licence", ...) or NULL. */
ALEXNET_API const char *alexnet_model_get_metadata (const AlexnetModel *model,
    const char *key);

/* A table of layers, output shapes and parameters in the manner of
 * torchsummary. The caller frees it. */
ALEXNET_API char *alexnet_model_summary (const AlexnetModel *model);

/* The same for "torchvision", "caffe" or "caffenet" at full width, without any
 * weights. INVALID, naming what there is. */
ALEXNET_API char *alexnet_architecture_summary (const char *architecture,
    GError **error);

/* ---- labels -------------------------------------------------------------- */

/* One label a line; LF or CRLF; an UTF-8 byte order mark, empty lines and
 * lines that begin with '#' are skipped; a leading WordNet id ("n01440764 ")
 * is dropped. Or, with a number for each class: Places365's lines
 * ("/a/airfield 0"), a Python dict, and JSON: an array, Keras' class index
 * ("0": ["n01440764", "tench"]) or class_to_idx ("tench": 0), either behind any
 * white space. Free with g_strfreev(). NOT_FOUND, FORMAT (not UTF-8, empty,
 * more than 16 MiB, numbers that are missing or there twice). */
ALEXNET_API char **alexnet_labels_load (const char *path, GError **error);

/* ---- images -------------------------------------------------------------- */

/* Named as in GStreamer; the bytes are laid out as there. */
typedef enum {
  ALEXNET_FORMAT_RGB, ALEXNET_FORMAT_BGR,
  ALEXNET_FORMAT_RGBX, ALEXNET_FORMAT_BGRX, ALEXNET_FORMAT_XRGB,
  ALEXNET_FORMAT_XBGR, ALEXNET_FORMAT_RGBA, ALEXNET_FORMAT_BGRA,
  ALEXNET_FORMAT_ARGB, ALEXNET_FORMAT_ABGR, ALEXNET_FORMAT_GRAY8,
  ALEXNET_FORMAT_NV12, ALEXNET_FORMAT_NV21, ALEXNET_FORMAT_I420,
  ALEXNET_FORMAT_YV12, ALEXNET_FORMAT_YUY2, ALEXNET_FORMAT_UYVY,
  ALEXNET_FORMAT_Y42B, ALEXNET_FORMAT_Y444, ALEXNET_FORMAT_P010_10LE,
  ALEXNET_FORMAT_I420_10LE,
  ALEXNET_N_FORMATS
} AlexnetFormat;

/* Luma weights of the Y'CbCr matrix; ignored for RGB and GRAY8. */
typedef enum {
  ALEXNET_MATRIX_DEFAULT,       /* BT.709 above 576 lines, else BT.601 */
  ALEXNET_MATRIX_BT601, ALEXNET_MATRIX_BT709, ALEXNET_MATRIX_BT2020,
  ALEXNET_MATRIX_SMPTE240M, ALEXNET_MATRIX_FCC,
} AlexnetMatrix;

typedef enum {
  ALEXNET_RANGE_DEFAULT,        /* limited for Y'CbCr, full for RGB and GRAY8 */
  ALEXNET_RANGE_FULL,           /* 0..255 */
  ALEXNET_RANGE_LIMITED,        /* 16..235, chroma 16..240 */
} AlexnetRange;

/* Where a subsampled chroma sample lies among its luma samples. */
typedef enum {
  ALEXNET_SITE_DEFAULT,         /* left above 576 lines, else centre */
  ALEXNET_SITE_CENTER,          /* between them in both directions (JPEG) */
  ALEXNET_SITE_LEFT,            /* on the left one, between rows (MPEG-2) */
  ALEXNET_SITE_TOP_LEFT,        /* on the first one in both directions */
  ALEXNET_SITE_TOP,             /* between columns, on the upper row */
} AlexnetChromaSite;

typedef enum {
  ALEXNET_MEMORY_HOST,
  ALEXNET_MEMORY_CUDA,          /* planes are device pointers */
} AlexnetMemory;

/* The largest side of an image: a panorama of a telephone's camera fits. */
#define ALEXNET_MAX_IMAGE_SIDE 16384

/* The largest side of a network's input, and resize_size. */
#define ALEXNET_MAX_SIDE 8192

/* Pixels that somebody else owns. They must stay as they are until submit
 * returns. What cuda_stream is given from then on waits until CUDA ones have
 * been read; without a stream submit itself waits for that. */
typedef struct {
  AlexnetFormat format;
  AlexnetMatrix matrix;
  AlexnetRange range;
  AlexnetChromaSite site;
  AlexnetMemory memory;
  guint width, height;          /* 1..ALEXNET_MAX_IMAGE_SIDE */
  guint par_n, par_d;           /* pixel aspect ratio: a pixel is displayed
                                   par_n wide and par_d high, 1..2^31 - 1;
                                   0, 0 = 1, 1 */
  const void *planes[4];        /* as many as the format has */
  gssize strides[4];            /* from one row to the next, may be negative */
  void *cuda_stream;            /* CUstream that last wrote them, of the
                                   context that the engine works in; NULL: they
                                   are complete */
} AlexnetImage;

/* A rectangle of an image; must lie inside it and not be empty. */
typedef struct {
  guint x, y, width, height;
} AlexnetRegion;

/* ---- engines ------------------------------------------------------------- */

typedef enum {
  ALEXNET_PRECISION_AUTO,       /* the backend's best; see get_precision */
  ALEXNET_PRECISION_FP32, ALEXNET_PRECISION_TF32, ALEXNET_PRECISION_FP16,
  ALEXNET_PRECISION_BF16, ALEXNET_PRECISION_INT8,
  ALEXNET_N_PRECISIONS
} AlexnetPrecision;

/* "auto", "fp32", ... Static. */
ALEXNET_API const char *alexnet_precision_name (AlexnetPrecision precision);

#define ALEXNET_MAX_BATCH_SIZE 512
#define ALEXNET_MAX_CPU_THREADS 1024
#define ALEXNET_CUDA_LEAST_LOADED (-1)

typedef struct {
  const char *id;               /* engines of different ids are never one */
  const char *backend;          /* a name of alexnet_backend_names() or "auto";
                                   NULL = "auto" */
  AlexnetPrecision precision;
  guint cpu_threads;            /* 1..ALEXNET_MAX_CPU_THREADS; 0 = as many as
                                   the processors that affinity and the
                                   cgroup's quota allow */
  int cuda_device;              /* ordinal + 1; 0 = the first;
                                   ALEXNET_CUDA_LEAST_LOADED = the one that
                                   computes for the fewest users of this
                                   process and that can be used; not with
                                   cuda_context */
  void *cuda_context;           /* CUcontext of that device to work in, which
                                   must outlive the engine; NULL = the device's
                                   primary one */
  guint max_batch_size;         /* 1..ALEXNET_MAX_BATCH_SIZE; 0 = 16 */
  guint64 batch_timeout;        /* ns to wait for a full batch while a stream
                                   can fill it; 0 = not at all, G_MAXUINT64 =
                                   for ever */
  gboolean embedding;           /* results say what the last linear layer
                                   reads, [C,H,W] flattened: what makes
                                   pictures alike or not. In an AlexNet fc7
                                   behind its ReLU; where there is one linear
                                   layer, the features it reads. INVALID where
                                   there is none. */
} AlexnetEngineParams;

/* NULL-terminated, in the order in which "auto" tries them. Static. */
ALEXNET_API const char *const *alexnet_backend_names (void);

/* A model compiled for one device and precision, with one worker thread. A
 * process that forks keeps it: with streams and engines that a child has
 * inherited it can do no more than free and unref them, in this order, and it
 * gets engines of its own. Backend cudnn leaves threads that submit to an
 * engine or give it back on its device, or in its cuda_context: it stays their
 * current one.
 * Thread-safety: every function may be called from any thread. */
typedef struct _AlexnetEngine AlexnetEngine;

/* Equal model and parameters give the same engine with one more reference, so
 * that streams of one process batch together. Making one allocates all that
 * it will need and runs the network once (warm-up); it may take seconds.
 * "auto" takes the first backend that works and keeps the reasons of those
 * that did not; a named backend is used or the call fails with its reason.
 * INVALID, UNSUPPORTED, NO_MEMORY, DEVICE; FORMAT, NOT_FOUND when the model's
 * file is no longer what was loaded or cannot be read; FORMAT also when one of
 * its weights is not a finite number. */
ALEXNET_API AlexnetEngine *alexnet_engine_get (AlexnetModel *model,
    const AlexnetEngineParams *params, GError **error);
ALEXNET_API AlexnetEngine *alexnet_engine_ref (AlexnetEngine *engine);
ALEXNET_API void alexnet_engine_unref (AlexnetEngine *engine);

/* The backend and precision that really run. Static strings. */
ALEXNET_API const char *alexnet_engine_get_backend (
    const AlexnetEngine *engine);
ALEXNET_API AlexnetPrecision alexnet_engine_get_precision (
    const AlexnetEngine *engine);

/* Why "auto" passed over the backends before this one, one line each; ""
 * when it passed over none. */
ALEXNET_API const char *alexnet_engine_get_notes (const AlexnetEngine *engine);

/* How the backend computes what it has several ways for, a line each: layer,
 * batch size, the way that was chosen, the milliseconds that each took when
 * it was timed. "" when there was nothing to choose. */
ALEXNET_API const char *alexnet_engine_get_choices (
    const AlexnetEngine *engine);

typedef struct {
  guint64 batches;
  guint64 images;
  guint64 inference_time;       /* sum over batches */
  guint64 image_time;           /* of the first image that was a batch alone; 0:
                                   there was none */
  guint64 device_memory;        /* bytes held there now; 0: a CPU backend */
  int cuda_device;              /* ordinal + 1; 0: a CPU backend */
} AlexnetEngineStats;

/* Since the engine was made; all its streams together. */
ALEXNET_API void alexnet_engine_get_stats (AlexnetEngine *engine,
    AlexnetEngineStats *stats);

/* Streams that it has at this moment and that images will come to, as
 * alexnet_stream_announce() says, whoever made them. */
ALEXNET_API guint alexnet_engine_count_streams (AlexnetEngine *engine);

/* ---- streams and requests ------------------------------------------------ */

/* One user of an engine: its own preprocessing, its own requests in flight,
 * cancelled on its own. Results come in the order of submission.
 * Thread-safety: one thread at a time submits; any thread may wait, release,
 * or set flushing. */
typedef struct _AlexnetStream AlexnetStream;
typedef struct _AlexnetRequest AlexnetRequest;

/* `preprocess` NULL = the model's; `depth` = requests that can be in flight,
 * 1..ALEXNET_MAX_BATCH_SIZE. Takes a reference on the engine. */
ALEXNET_API AlexnetStream *alexnet_stream_new (AlexnetEngine *engine,
    const AlexnetPreprocess *preprocess, guint depth);

/* Says that images will come to the stream: from now on it counts where streams
 * share what the engine has, as one that only keeps the engine does not. Any
 * thread, any number of times. */
ALEXNET_API void alexnet_stream_announce (AlexnetStream *stream);

/* Waits until the engine has finished with the stream's requests. None may be
 * unreleased. */
ALEXNET_API void alexnet_stream_free (AlexnetStream *stream);

/* While TRUE, submit and wait fail with CANCELLED instead of blocking, also
 * those that are blocked now. A request that is done can still be read. */
ALEXNET_API void alexnet_stream_set_flushing (AlexnetStream *stream,
    gboolean flushing);

/* Until the next submission, batches wait for none from this stream. Same
 * thread as submit. */
ALEXNET_API void alexnet_stream_drain (AlexnetStream *stream);

/* Changes how later submissions are preprocessed. Same thread as submit. What
 * each crop_position with and without mirror needs is kept, so switching
 * between these for one frame costs nothing. */
ALEXNET_API void alexnet_stream_set_preprocess (AlexnetStream *stream,
    const AlexnetPreprocess *preprocess);

/* TRUE: results of later submissions say the best classes and no others, which
 * leaves the GPU less to send back. Same thread as submit; FALSE at first. */
ALEXNET_API void alexnet_stream_set_best_only (AlexnetStream *stream,
    gboolean best_only);

/* Preprocesses `region` of `image` (NULL: all of it) on the calling thread
 * and hands it to the engine. Blocks while `depth` requests are in flight or
 * the engine has no free slot. INVALID, CANCELLED, DEVICE; NO_MEMORY: a GPU has
 * no room for an image larger than those before, and takes others as ever. */
ALEXNET_API AlexnetRequest *alexnet_stream_submit (AlexnetStream *stream,
    const AlexnetImage *image, const AlexnetRegion *region, GError **error);

/* The same for a ready network input of [C,H,W] floats, normalised already. */
ALEXNET_API AlexnetRequest *alexnet_stream_submit_tensor (
    AlexnetStream *stream, const float *tensor, GError **error);

/* The most of the best classes that a result says. */
#define ALEXNET_MAX_BEST 8

typedef struct {
  guint class_id;
  float probability;
} AlexnetBest;

typedef struct {
  const AlexnetBest *best;      /* the request's; the most probable first,
                                   equal ones by class_id */
  guint n_best;                 /* ALEXNET_MAX_BEST, or n_classes if fewer */
  const float *probabilities;   /* the request's; softmax over all classes;
                                   NULL: alexnet_stream_set_best_only() */
  guint n_classes;
  const float *embedding;       /* the request's, as the precision computes it;
                                   NULL: the engine has no `embedding` */
  guint n_embedding;            /* alexnet_model_get_n_embedding() */
  guint64 queue_time;           /* from submitted to taken into a batch */
  guint64 inference_time;       /* of the batch it was in */
  guint batch_size;
} AlexnetResult;

/* Blocks until the request is done. May be called again. CANCELLED, DEVICE,
 * NOT_FINITE; the request stays the caller's to release. */
ALEXNET_API gboolean alexnet_request_wait (AlexnetRequest *request,
    AlexnetResult *result, GError **error);

/* Gives the request back, done or not; never blocks. Accepts NULL. */
ALEXNET_API void alexnet_request_release (AlexnetRequest *request);

/* Writes the indices of the k largest of n values, largest first, equal ones
 * by index; returns how many were written: min (k, n). */
ALEXNET_API guint alexnet_top_k (const float *values, guint n, guint k,
    guint *indices);

/* ---- calibration --------------------------------------------------------- */

/* Runs images through a model in float to find what ALEXNET_PRECISION_INT8
 * needs to know: how large the values between its layers become.
 * Thread-safety: one thread at a time. */
typedef struct _AlexnetCalibration AlexnetCalibration;

/* NO_MEMORY, DEVICE. */
ALEXNET_API AlexnetCalibration *alexnet_calibration_new (AlexnetModel *model,
    GError **error);
ALEXNET_API void alexnet_calibration_free (AlexnetCalibration *calibration);

/* Any number of images like those that will be classified. INVALID: the image,
 * as for alexnet_stream_submit(); NOT_FINITE, NO_MEMORY, DEVICE. */
ALEXNET_API gboolean alexnet_calibration_add (AlexnetCalibration *calibration,
    const AlexnetImage *image, GError **error);

/* Writes a copy of the model, as safetensors, that holds what was found; what
 * is at `path` stays when that fails. INVALID: there was no image, or the file
 * cannot be written. NOT_FINITE: a weight is not. */
ALEXNET_API gboolean alexnet_calibration_write (
    const AlexnetCalibration *calibration, const char *path, GError **error);

G_END_DECLS

#endif /* ALEXNET_H */
