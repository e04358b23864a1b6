package import IR
import Kernels

/// What the normalisations share: parameters as numbers and the relations of their axes.
extension Evaluation {
  /// The elements of a parameter as doubles; an error when their number is not `count`.
  package func parameters(_ index: Int, count: Int) throws(ModelError) -> [Double] {
    let source = try source(index)
    guard source.count == count else {
      throw mismatch(index, expected: "\(count) elements", found: "shape \(source.shape)")
    }
    return try doubles(source, input: index)
  }

  /// The elements of a parameter stretched to `shape`; empty when the input is left out.
  package func parameters(_ index: Int, shape: [Int]) throws(ModelError) -> [Double] {
    guard optional(index) != nil else { return [] }
    let source = try source(index)
    // Leading axes of length 1 change nothing.
    let trimmed =
      source.shape.count > shape.count ? Array(source.shape.suffix(shape.count)) : source.shape
    let values = try doubles(source, input: index)
    if trimmed == shape, values.count == shape.reduce(1, *) { return values }
    var result = [Double](repeating: 0, count: shape.reduce(1, *))
    let stretched = values.withUnsafeBytes { from in
      result.withUnsafeMutableBytes { to in
        source.count == trimmed.reduce(1, *)
          && broadcastCopy(Source(.double, trimmed, from), into: Target(.double, shape, to))
      }
    }
    guard stretched else {
      throw mismatch(
        index, expected: "a shape that broadcasts to \(shape)", found: "\(source.shape)")
    }
    return result
  }

  private func doubles(_ source: Source, input index: Int) throws(ModelError) -> [Double] {
    switch source.scalar {
    case .float: return source.elements(Float.self).map { Double($0) }
    case .double: return Array(source.elements(Double.self))
    default: throw unsupportedTypes([index])
    }
  }

  /// Checks that input 0 has a batch axis and a channel axis.
  package func requireChannels() throws(ModelError) -> [Int] {
    let shape = try input(0).shape
    guard shape.count >= 2 else {
      throw mismatch(0, expected: "at least 2 axes", found: "shape \(shape)")
    }
    return shape
  }
}

extension ChannelRule {
  /// A normalisation over [N, C, …]: batch and spatial axes pass, channels take their parameters
  /// with them.
  package static func normalization(
    _ shape: Shape?, parameters: [Int], scale: Int, over spatial: Bool
  ) -> ChannelRule {
    guard let shape else { return .barrier("shape of input 0 is not known") }
    guard shape.rank >= 2 else { return .barrier("input 0 has no channel axis") }
    var relations: [Relation] = shape.dimensions.indices.map {
      .same(Axis(.input(0), $0), Axis(.output(0), $0))
    }
    relations += parameters.map { .same(Axis(.input(0), 1), Axis(.input($0), 0)) }
    relations.append(.scales(Axis(.input(scale), 0)))
    if spatial {
      relations += (2..<max(2, shape.rank)).map { .doesNotCommute(Axis(.input(0), $0)) }
    }
    return ChannelRule(relations)
  }
}
