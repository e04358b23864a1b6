public import IR
public import Reports

/// Compares two models as a reviewer does: exactly at first, and where they differ, by layers: with
/// quantization taken out of the one that has it and with folded weights, so that what is left is what
/// was done to each layer.
public struct ModelDiff: Sendable {
  /// What counts as a difference.
  public var options = DiffOptions()
  /// What models may be spelled differently in.
  public var modulo: Set<Modulo> = []

  /// Weights that were folded from the same ones lie no further apart than this, in dB.
  private static let foldedSignal = 90.0

  /// A comparison with the usual options.
  public init(_ options: DiffOptions = DiffOptions(), modulo: Set<Modulo> = []) {
    self.options = options
    self.modulo = modulo
  }

  /// Compares.
  ///
  /// - Throws: `ModelError` where a model cannot be brought into the form that `modulo` asks for.
  public func compare(_ a: Model, _ b: Model) throws(ModelError) -> DiffReport {
    guard !modulo.isEmpty else { return byLayer(a, b, options) }
    let first = byLayer(a, b, options)
    guard first.differs else { return first }
    var options = options
    if modulo.contains(.fold), options.weightTolerance == nil {
      options.weightTolerance = .sqnr(Self.foldedSignal)
    }
    let forms = try Modulo.canonical(a, b, modulo)
    let second = byLayer(forms.0, forms.1, options)
    return second.failing.count <= first.failing.count ? second : first
  }

  /// The kinds of difference that a view by layers can say in fewer words.
  private static let structure: Set<DiffHunk.Kind> = [
    .inserted, .removed, .rewired, .shape, .weight, .elementType,
  ]

  private func byLayer(_ a: Model, _ b: Model, _ options: DiffOptions) -> DiffReport {
    let exact = diff(a, b, options: options)
    guard exact.hunks.contains(where: { Self.structure.contains($0.kind) }) else { return exact }
    let viewed = diff(a, b, views: Self.views(a, b), options: options)
    let isTelling = viewed.failing.contains { $0.kind == .channels || $0.kind == .folded }
    return viewed.shownCount < exact.shownCount
      || isTelling && viewed.shownCount == exact.shownCount ? viewed : exact
  }

  /// Both models as they are compared by layers.
  static func views(_ a: Model, _ b: Model) -> (ModelView, ModelView) {
    let quantized = (
      ModelView(dequantizing: a, isFirst: true), ModelView(dequantizing: b, isFirst: false)
    )
    var views = (ModelView(a), ModelView(b))
    // Where both are quantized, their scales are compared like all other constants.
    if quantized.0 == nil || quantized.1 == nil {
      views = (quantized.0 ?? views.0, quantized.1 ?? views.1)
    }
    var folded = views
    let counts = (folded.0.fold(), folded.1.fold())
    return counts.0 == counts.1 ? views : folded
  }
}
