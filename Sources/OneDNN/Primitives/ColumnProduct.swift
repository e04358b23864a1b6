internal import COneDNN
internal import Kernels

extension OpenMP {
  /// Products of columns by oneDNN's product of matrices of floats; nil where it could not be kept to
  /// one thread: shared out it would add up in an order that depends on their number.
  static let columnProduct: ColumnProduct? =
    team == nil
    ? nil
    : { @Sendable (size, a, b, y) in
      alone {
        dnnl_sgemm(
          CChar(UInt8(ascii: "T")), CChar(UInt8(ascii: "N")), Int64(size.m), Int64(size.n),
          Int64(size.rows), 1, a.start, Int64(a.stride), b.start, Int64(b.stride), 0, y.start,
          Int64(y.stride)) == dnnl_success
      }
    }
}
