"""Rows of mathematics: arithmetic, elementary and special functions, comparison, reductions, linear algebra, transforms, complex numbers."""

from __future__ import annotations

from ...ops import fft, incomplete, linalg, linalg_factor, math, math_bitwise, math_complex, math_special, positions, reduce, segments
from . import forms_math as forms
from .rows import Row, same

ROWS = [
    # ------------------------------------------------------------------ of one number
    *same("x", Abs=math.abs, Acos=math.acos, Acosh=math.acosh, Asin=math.asin, Asinh=math.asinh, Atan=math.atan, Atanh=math.atanh, Ceil=math.ceil,
          Cos=math.cos, Cosh=math.cosh, Digamma=math.digamma, Erf=math.erf, Erfc=math.erfc, Erfinv=math_special.erfinv, Exp=math.exp,
          Expm1=math.expm1, Floor=math.floor, Inv=math.reciprocal, IsFinite=math.is_finite, IsInf=math.is_inf, IsNan=math.is_nan, Lgamma=math.lgamma,
          Log=math.log, Log1p=math.log1p, Neg=math.negative, Reciprocal=math.reciprocal, Rint=math.rint, Round=math.rint, Rsqrt=math.rsqrt,
          Sigmoid=math.sigmoid, Sign=math.sign, Sin=math.sin, Sinh=math.sinh, Sqrt=math.sqrt, Square=math.square, Tan=math.tan, Tanh=math.tanh,
          BesselI0=math_special.bessel_i0, BesselI0e=math_special.bessel_i0e, BesselI1=math_special.bessel_i1, BesselI1e=math_special.bessel_i1e,
          Invert=math_bitwise.invert, Conj=math_complex.conj),
    Row("Ndtri", math_special.ndtri, "p"),
    # ------------------------------------------------------------------ of two, which broadcast
    *same("x y", AddV2=math.add, Add=math.add, Sub=math.subtract, Mul=math.multiply, RealDiv=math.truediv, Div=forms.div, FloorDiv=math.floordiv,
          FloorMod=math.floormod, Mod=math.truncatemod, TruncateDiv=math.truncatediv, TruncateMod=math.truncatemod, Pow=math.pow,
          Maximum=math.maximum, Minimum=math.minimum, SquaredDifference=math.squared_difference, DivNoNan=math.div_no_nan,
          MulNoNan=math_special.multiply_no_nan, Xdivy=math_special.xdivy, Xlogy=math_special.xlogy, Xlog1py=math_special.xlog1py, Less=math.less,
          LessEqual=math.less_equal, Greater=math.greater, GreaterEqual=math.greater_equal, BitwiseAnd=math_bitwise.bitwise_and,
          BitwiseOr=math_bitwise.bitwise_or, BitwiseXor=math_bitwise.bitwise_xor, LeftShift=math_bitwise.left_shift,
          RightShift=math_bitwise.right_shift),
    *same("x y", "-incompatible_shape_error", Equal=math.equal, NotEqual=math.not_equal),
    *same("x:bool y:bool", LogicalAnd=math.logical_and, LogicalOr=math.logical_or),
    Row("Atan2", math.atan2, "y x"),
    Row("LogicalNot", math.logical_not, "x:bool"),
    Row("ApproximateEqual", forms.approximate_equal, "x y", "tolerance"),
    Row("Igamma", incomplete.igamma, "a x"), Row("Igammac", incomplete.igammac, "a x"), Row("Polygamma", incomplete.polygamma, "a x"),
    Row("Zeta", incomplete.zeta, "x q"), Row("Betainc", incomplete.betainc, "a b x"),
    # ------------------------------------------------------------------ of several; conversion
    Row("AddN", math.add_n, "*inputs"), Row("AccumulateNV2", math.add_n, "*inputs", "-shape"),
    Row("ClipByValue", math.clip_by_value, "t clip_value_min clip_value_max"),
    Row("SelectV2", math.choose, "condition:bool x y"), Row("Select", math.where, "condition:bool x y"),
    Row("Where", math.where, "condition"),
    Row("Cast", math.cast, "x:SrcT", "DstT=dtype -Truncate"),
    Row("Bucketize", forms.bucketize, "input", "boundaries"),
    # ------------------------------------------------------------------ reductions
    *same("input_tensor axis!:Tidx", "keep_dims=keepdims", Mean=reduce.reduce_mean, Prod=reduce.reduce_prod, Max=reduce.reduce_max,
          Min=reduce.reduce_min, EuclideanNorm=reduce.reduce_euclidean_norm),
    Row("Sum", forms.total, "input_tensor axis:Tidx", "keep_dims=keepdims"),
    *same("input_tensor:bool axis!:Tidx", "keep_dims=keepdims", All=reduce.reduce_all, Any=reduce.reduce_any),
    *same("input axis!:Tidx", "output_type", ArgMax=positions.argmax, ArgMin=positions.argmin),
    *same("data segment_ids:Tindices", SegmentSum=segments.segment_sum, SegmentMean=segments.segment_mean, SegmentProd=segments.segment_prod,
          SegmentMax=segments.segment_max, SegmentMin=segments.segment_min),
    *same("data segment_ids:Tindices num_segments:Tnumsegments", UnsortedSegmentSum=segments.unsorted_segment_sum,
          UnsortedSegmentProd=segments.unsorted_segment_prod, UnsortedSegmentMax=segments.unsorted_segment_max,
          UnsortedSegmentMin=segments.unsorted_segment_min),
    # ------------------------------------------------------------------ linear algebra
    Row("MatMul", linalg.matmul, "a b", "transpose_a transpose_b -grad_a -grad_b"),
    Row("BatchMatMulV2", linalg.matmul, "a b", "adj_x=adjoint_a adj_y=adjoint_b -grad_x -grad_y"),
    Row("BatchMatMul", linalg.matmul, "a b", "adj_x=adjoint_a adj_y=adjoint_b -grad_x -grad_y"),
    Row("BatchMatMulV3", linalg.matmul, "a:Ta b:Tb", "adj_x=adjoint_a adj_y=adjoint_b -grad_x -grad_y", types="Tout"),
    Row("SparseMatMul", linalg.matmul, "a:Ta b:Tb", "transpose_a transpose_b -a_is_sparse -b_is_sparse"),
    Row("Einsum", forms.einsum, "*inputs", "equation"),
    Row("Cross", linalg.cross, "a b"),
    Row("Cholesky", linalg.cholesky, "input"),
    Row("MatrixInverse", linalg.matrix_inverse, "input", "adjoint"), Row("MatrixDeterminant", linalg.matrix_determinant, "input"),
    Row("MatrixSolve", linalg.matrix_solve, "matrix rhs", "adjoint"),
    Row("MatrixTriangularSolve", linalg.matrix_triangular_solve, "matrix rhs", "lower adjoint"),
    Row("LogMatrixDeterminant", linalg_factor.log_matrix_determinant, "input", results="sign log_abs_determinant"),
    Row("SelfAdjointEigV2", forms.self_adjoint_eig, "tensor", "compute_v", "e v"),
    Row("Svd", forms.svd, "tensor", "compute_uv full_matrices", "s u v"),
    Row("Qr", linalg_factor.qr, "input", "full_matrices", "q r"),
    # ------------------------------------------------------------------ complex numbers and transforms
    Row("Complex", math_complex.complex, "real imag", types="Tout"),
    *same("input", "", "Tout", Real=math_complex.real, Imag=math_complex.imag, Angle=math_complex.angle),
    Row("ComplexAbs", math.abs, types="Tout"),
    *same("input:Tcomplex", FFT=fft.fft, FFT2D=fft.fft2d, FFT3D=fft.fft3d, IFFT=fft.ifft, IFFT2D=fft.ifft2d, IFFT3D=fft.ifft3d),
    *same("input_tensor:Treal fft_length!:int32", "", "Tcomplex", RFFT=fft.rfft, RFFT2D=fft.rfft2d, RFFT3D=fft.rfft3d),
    *same("input_tensor:Tcomplex fft_length!:int32", "", "Treal", IRFFT=fft.irfft, IRFFT2D=fft.irfft2d, IRFFT3D=fft.irfft3d),
    # ------------------------------------------------------------------ derivatives, as TensorFlow's gradients have them
    *same("y dy", SqrtGrad=forms.sqrt_grad, RsqrtGrad=forms.rsqrt_grad, InvGrad=forms.reciprocal_grad, ReciprocalGrad=forms.reciprocal_grad,
          SigmoidGrad=forms.sigmoid_grad, TanhGrad=forms.tanh_grad),
]
