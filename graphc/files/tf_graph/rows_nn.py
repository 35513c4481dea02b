"""Rows of neural nets: convolutions, pools, normalisation, activations, losses, each with the derivatives that TensorFlow's gradients name."""

from __future__ import annotations

from ...ops import nn
from . import forms_nn as forms
from .rows import Row, same

_MOVED = "strides padding data_format dilations explicit_paddings"
_POOL = "ksize strides padding data_format"
_NORM = "epsilon data_format is_training"

ROWS = [
    # ------------------------------------------------------------------ convolutions
    Row("Conv2D", forms.conv2d, "input filter", f"{_MOVED} -use_cudnn_on_gpu"),
    Row("Conv2DBackpropInput", forms.conv2d_input, "input_sizes:int32 filter out_backprop", f"{_MOVED} -use_cudnn_on_gpu"),
    Row("Conv2DBackpropFilter", forms.conv2d_filter, "input filter_sizes:int32 out_backprop", f"{_MOVED} -use_cudnn_on_gpu"),
    Row("DepthwiseConv2dNative", forms.depthwise, "input filter", _MOVED),
    Row("DepthwiseConv2dNativeBackpropInput", forms.depthwise_input, "input_sizes:int32 filter out_backprop", _MOVED),
    Row("DepthwiseConv2dNativeBackpropFilter", forms.depthwise_filter, "input filter_sizes:int32 out_backprop", _MOVED),
    Row("Conv3D", nn.conv3d, "input filter", "strides padding data_format dilations"),
    Row("Conv3DBackpropInputV2", forms.conv3d_input, "input_sizes:Tshape filter out_backprop", "strides padding data_format dilations"),
    Row("Conv3DBackpropFilterV2", nn.conv3d_backprop_filter, "input filter_sizes:int32 out_backprop", "strides padding data_format dilations"),
    Row("Dilation2D", nn.dilation2d, "input filter", "strides rates padding"),
    # ------------------------------------------------------------------ pools
    Row("MaxPool", forms.max_pool, "input", f"{_POOL} explicit_paddings"),
    Row("MaxPoolV2", nn.max_pool2d, "input ksize!:int32 strides!:int32", "padding data_format"),
    Row("MaxPoolGrad", forms.max_pool_grad, "orig_input orig_output grad", f"{_POOL} explicit_paddings"),
    Row("MaxPoolWithArgmax", nn.max_pool_with_argmax, "input", "ksize strides padding Targmax include_batch_in_index", "output argmax"),
    Row("AvgPool", nn.avg_pool2d, "input", _POOL),
    Row("AvgPoolGrad", forms.avg_pool_grad, "orig_input_shape:int32 grad", _POOL),
    Row("MaxPool3D", nn.max_pool3d, "input", _POOL), Row("AvgPool3D", nn.avg_pool3d, "input", _POOL),
    # ------------------------------------------------------------------ normalisation
    *(Row(type, forms.batch_norm, f"x scale:{u} offset:{u} mean:{u} variance:{u}", f"{_NORM} exponential_avg_factor", results, more)
      for type, u, more, results in (
          ("FusedBatchNormV3", "U", "U", "y batch_mean batch_variance reserve_space_1 reserve_space_2 reserve_space_3"),
          ("FusedBatchNormV2", "U", "U", "y batch_mean batch_variance reserve_space_1 reserve_space_2"),
          ("FusedBatchNorm", "T", "", "y batch_mean batch_variance reserve_space_1 reserve_space_2"))),
    *(Row(type, forms.batch_norm_grad, f"y_backprop x scale:{scale} reserve_space_1:{u} reserve_space_2:{u}{third}", _NORM, results, more)
      for type, scale, u, third, more, results in (
          ("FusedBatchNormGradV3", "float32", "U", " -:U", "U", "x_backprop scale_backprop offset_backprop reserve_space_4 reserve_space_5"),
          ("FusedBatchNormGradV2", "float32", "U", "", "U", "x_backprop scale_backprop offset_backprop reserve_space_3 reserve_space_4"),
          ("FusedBatchNormGrad", "T", "T", "", "", "x_backprop scale_backprop offset_backprop reserve_space_3 reserve_space_4"))),
    Row("BatchNormWithGlobalNormalization", nn.batch_norm_with_global_normalization, "t m v beta gamma",
        "variance_epsilon scale_after_normalization"),
    Row("LRN", nn.local_response_normalization, "input", "depth_radius bias alpha beta"),
    Row("LRNGrad", forms.lrn_grad, "input_grads input_image -", "depth_radius bias alpha beta"),
    Row("BiasAdd", nn.bias_add, "value bias", "data_format"), Row("BiasAddV1", nn.bias_add, "value bias"),
    Row("BiasAddGrad", forms.bias_add_grad, "out_backprop", "data_format"),
    # ------------------------------------------------------------------ activations
    *same("features", Relu=nn.relu, Relu6=nn.relu6, Elu=nn.elu, Selu=nn.selu, Softplus=nn.softplus, Softsign=nn.softsign),
    Row("LeakyRelu", nn.leaky_relu, "features", "alpha"),
    Row("Softmax", nn.softmax, "logits"), Row("LogSoftmax", nn.log_softmax, "logits"),
    *same("gradients features", ReluGrad=forms.relu_grad, Relu6Grad=forms.relu6_grad, SoftplusGrad=forms.softplus_grad,
          SoftsignGrad=forms.softsign_grad),
    Row("LeakyReluGrad", forms.leaky_relu_grad, "gradients features", "alpha"),
    *same("gradients outputs", EluGrad=forms.elu_grad, SeluGrad=forms.selu_grad),
    # ------------------------------------------------------------------ losses
    Row("SoftmaxCrossEntropyWithLogits", forms.cross_entropy, "logits labels", results="loss backprop"),
    Row("SparseSoftmaxCrossEntropyWithLogits", forms.sparse_cross_entropy, "logits labels:Tlabels", results="loss backprop"),
    Row("L2Loss", nn.l2_loss, "t"),
    Row("InTopKV2", nn.in_top_k, "predictions:float32 targets k!"), Row("InTopK", nn.in_top_k, "predictions:float32 targets", "k"),
]
