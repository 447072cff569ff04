/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "propertytables.h"

static const GEnumValue crop_modes[] = {
  { ALEXNET_CROP_MODEL, "As the model was trained", "model" },
  { ALEXNET_CROP_CENTER, "Scale the shorter side, cut out the centre",
      "center-crop" },
  { ALEXNET_CROP_SQUASH, "Scale both sides to a square, cut out its centre",
      "squash" },
  { ALEXNET_CROP_STRETCH, "Scale both sides, whatever the shape", "stretch" },
  { ALEXNET_CROP_LETTERBOX, "Scale the longer side, pad with the mean colour",
      "letterbox" },
  { 0, NULL, NULL },
};

const GEnumValue gst_alexnet_backends[] = {
  { GST_ALEXNET_BACKEND_AUTO, "The first of the others that works", "auto" },
  { GST_ALEXNET_BACKEND_CUDNN, "NVIDIA GPU through cuDNN", "cudnn" },
  { GST_ALEXNET_BACKEND_CPU, "CPU through oneDNN", "cpu" },
  { GST_ALEXNET_BACKEND_REFERENCE, "Plain C, slow, for comparison",
      "reference" },
  { 0, NULL, NULL },
};

static const GEnumValue precisions[] = {
  { ALEXNET_PRECISION_AUTO, "What the backend does best", "auto" },
  { ALEXNET_PRECISION_FP32, "32 bit floating point", "fp32" },
  { ALEXNET_PRECISION_TF32, "TensorFloat-32", "tf32" },
  { ALEXNET_PRECISION_FP16, "16 bit floating point", "fp16" },
  { ALEXNET_PRECISION_BF16, "bfloat16", "bf16" },
  { ALEXNET_PRECISION_INT8, "8 bit integers", "int8" },
  { 0, NULL, NULL },
};

const GstAlexnetProperty gst_alexnet_model_properties[] = {
  /**
   * GstAlexnetClassify:model-file:
   *
   * Weights as PyTorch, safetensors, Caffe, ONNX or numpy keep them. Without
   * it $ALEXNET_MODEL, then the first file that can be used in alexnet/ of the
   * data directories, then the demonstration model is taken.
   */
  { GST_ALEXNET_PROP_MODEL_FILE, STRING, "model-file", "Model file",
      "Weights of any framework; NULL = $ALEXNET_MODEL, then the data "
      "directories, then the demonstration model",
      READY },

  /**
   * GstAlexnetClassify:model-part:
   *
   * A file may hold several networks, such as weights and their moving average.
   * This is the one to take, by what stands before the names of its tensors:
   * `model_ema`. `alexnet-inspect check` names them.
   */
  { GST_ALEXNET_PROP_MODEL_PART, STRING, "model-part", "Model part",
      "Network to take from a model file that holds several; NULL = the only "
      "one",
      READY },

  /**
   * GstAlexnetClassify:architecture:
   *
   * The order of layers for a file that has only names of tensors, which the
   * networks of Caffe share: `caffe` normalises before it pools, `caffenet` and
   * Places365's pool first.
   */
  { GST_ALEXNET_PROP_ARCHITECTURE, STRING, "architecture", "Architecture",
      "torchvision, caffe or caffenet, for a model file that does not say it; "
      "NULL = as the file says, or by the names of its tensors",
      READY },

  /**
   * GstAlexnetClassify:mean-file:
   *
   * An image of means as Caffe's tools make it. The means of its channels are
   * subtracted; Caffe itself subtracts the centre of the image pixel by pixel.
   */
  { GST_ALEXNET_PROP_MEAN_FILE, STRING, "mean-file", "Mean file",
      "A mean.binaryproto of Caffe, for the means of its channels; NULL = the "
      "model's own, or the one beside it",
      READY },

  /**
   * GstAlexnetClassify:labels-file:
   *
   * Names of the classes, one a line, as many as the model has classes.
   */
  { GST_ALEXNET_PROP_LABELS_FILE, STRING, "labels-file", "Labels file",
      "Names of the classes, one a line; NULL = the model's own or, for "
      "1000 classes, ImageNet's",
      READY },

  /**
   * GstAlexnetClassify:crop-mode:
   *
   * How a picture of any shape becomes the network's square input. `model`
   * is what the model file says or, where it says nothing, what its kind of
   * network was trained with: `center-crop` of torchvision's, `squash` of
   * Caffe's.
   */
  { GST_ALEXNET_PROP_CROP_MODE, ENUM, "crop-mode", "Crop mode",
      "How a picture of any shape becomes the network's square input", PLAYING,
      .value = ALEXNET_CROP_MODEL, .type = "GstAlexnetCropMode",
      .choices = crop_modes },

  /**
   * GstAlexnetClassify:ten-crop:
   *
   * Average over ten views of each picture, as the 2012 paper does in its
   * tests: four corners and the centre of the resized picture and their
   * mirrors. It takes ten times as long. Where
   * #GstAlexnetClassify:crop-mode keeps all of the picture, as `stretch` and
   * `letterbox` do, the views are two: the picture and its mirror.
   */
  { GST_ALEXNET_PROP_TEN_CROP, BOOLEAN, "ten-crop", "Ten crop",
      "Average over corners, centre and their mirrors; ten times the work",
      READY },

  /**
   * GstAlexnetClassify:mean:
   *
   * Subtracted from each channel, e.g. `mean="<0.485,0.456,0.406>"`, or from
   * luma, `mean="<0.5>"`, where the network has one channel.
   */
  { GST_ALEXNET_PROP_MEAN, CHANNELS, "mean", "mean",
      "Red, green, blue of 0..1, subtracted, as <0.485,0.456,0.406>; luma "
      "alone where the model has one channel, as <0.5>; empty = the model's "
      "own",
      READY },

  /**
   * GstAlexnetClassify:std:
   *
   * What each channel is divided by after the subtraction of
   * #GstAlexnetClassify:mean.
   */
  { GST_ALEXNET_PROP_STD, CHANNELS, "std", "std",
      "Red, green, blue of 0..1, divided by, as <0.229,0.224,0.225>; luma "
      "alone where the model has one channel, as <0.5>; empty = the model's "
      "own",
      READY },

  /**
   * GstAlexnetClassify:backend:
   *
   * What computes the network. A named backend is used, or the element fails
   * with the reason; it never falls back.
   */
  { GST_ALEXNET_PROP_BACKEND, ENUM, "backend", "Backend",
      "What computes the network; only auto falls back", READY,
      .value = GST_ALEXNET_BACKEND_AUTO, .type = "GstAlexnetBackend",
      .choices = gst_alexnet_backends },

  /**
   * GstAlexnetClassify:precision:
   *
   * Numbers that the network is computed in. On the CPU int8 wants a model that
   * `alexnet-inspect calibrate` wrote. On a GPU it is the weights of the fully
   * connected layers, of any model, and all else is as with fp16.
   */
  { GST_ALEXNET_PROP_PRECISION, ENUM, "precision", "Precision",
      "Numbers that the network is computed in; on a GPU int8 is the weights "
      "of fully connected layers alone, the rest is fp16",
      READY, .value = ALEXNET_PRECISION_AUTO, .type = "GstAlexnetPrecision",
      .choices = precisions },

  /**
   * GstAlexnetClassify:cpu-threads:
   *
   * Threads of the backend cpu. A container's quota counts as affinity does.
   */
  { GST_ALEXNET_PROP_CPU_THREADS, UINT, "cpu-threads", "CPU threads",
      "Threads of the backend cpu (0 = as many as the processors that it may "
      "use)",
      READY, 0, ALEXNET_MAX_CPU_THREADS, 0 },

  /**
   * GstAlexnetClassify:cuda-device-id:
   *
   * The GPU that the backend cudnn computes on, as CUDA numbers those that
   * CUDA_VISIBLE_DEVICES leaves. With -2 each element takes, when it goes to
   * PAUSED, the one that the fewest elements of the process use; one that was
   * lost or cannot be used is passed over. CUDA memory decides for itself with
   * -1 and -2: its frames are classified on the GPU where they lie.
   * "cuda-device" of #GstAlexnetClassify:stats says which one it is.
   */
  { GST_ALEXNET_PROP_CUDA_DEVICE_ID, INT, "cuda-device-id", "CUDA device id",
      "GPU of the backend cudnn (-1 = the first, -2 = the one with the fewest "
      "elements)",
      READY, -2, G_MAXINT - 1, -1 },

  /**
   * GstAlexnetClassify:engine-id:
   *
   * Elements of one process with the same model, device, precision and batch
   * properties compute on one engine: the weights are in memory once, and
   * batches fill across streams. Those with another id have another engine.
   */
  { GST_ALEXNET_PROP_ENGINE_ID, STRING, "engine-id", "Engine id",
      "Only elements of the same id share an engine", READY },

  /**
   * GstAlexnetClassify:max-batch-size:
   *
   * Frames that the network computes at once. A batch is what waits when the
   * engine becomes free; elements of one process with the same model and
   * engine properties share an engine and so fill batches together.
   */
  { GST_ALEXNET_PROP_MAX_BATCH_SIZE, UINT, "max-batch-size",
      "Maximum batch size",
      "Most frames that the network computes at once (1 = no batches)", READY,
      1, ALEXNET_MAX_BATCH_SIZE, 16 },

  /**
   * GstAlexnetClassify:batch-timeout:
   *
   * How long a frame may wait for others to fill its batch, of this stream or
   * of another that shares the engine. When none of them has more to come, as
   * after EOS, nothing waits. It is added to the latency.
   */
  { GST_ALEXNET_PROP_BATCH_TIMEOUT, UINT64, "batch-timeout", "Batch timeout",
      "Longest wait for a full batch in nanoseconds (0 = never wait)", READY, 0,
      G_MAXINT64, 0 },

  /**
   * GstAlexnetClassify:max-in-flight:
   *
   * Frames inside the element. 0 is twice the batch size, so that one batch
   * gathers while another is computed. Where streams share an engine it is a
   * part of that, down to 2, since they fill batches together; with a live
   * source no more than 4, because what waits there is late, and those that
   * #GstAlexnetClassify:batch-timeout lets wait.
   */
  { GST_ALEXNET_PROP_MAX_IN_FLIGHT, UINT, "max-in-flight", "Maximum in flight",
      "Most frames inside the element (0 = twice max-batch-size, down to 2 of "
      "them where streams share an engine, 4 where the source is live)",
      READY, 0, ALEXNET_MAX_BATCH_SIZE, 0 },

  { 0 },
};
