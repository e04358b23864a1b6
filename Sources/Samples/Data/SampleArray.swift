package import IR

/// The values of one input for all samples.
package enum SampleArray: Sendable {
  /// One array whose first axis counts the samples.
  case stacked(Tensor)
  /// An array for each sample, of several shapes perhaps.
  case separate([Tensor])

  /// What messages call it.
  var summary: String {
    switch self {
    case .stacked(let tensor): "\(tensor.type)"
    case .separate(let tensors): "\(tensors.count) arrays"
    }
  }
}
