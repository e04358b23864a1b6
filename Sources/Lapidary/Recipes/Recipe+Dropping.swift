internal import IR
internal import Passes

extension Recipe {
  private enum DropKey: String, CaseIterable { case blocks, macs, keep }

  /// Reads which blocks go; nil for none.
  static func drop(_ field: RecipeField) throws(ModelError) -> DropOptions? {
    if let flag = field.flagOrNil {
      guard !flag else { throw field.mismatch("a mapping with a target, such as { blocks: 2 },") }
      return nil
    }
    var targets: [DropOptions.Target] = []
    var keep: [String] = []
    for field in try field.fields() {
      switch try field.key(DropKey.self) {
      case .blocks:
        // A number, or the names of the sums that blocks end in.
        targets.append(
          field.value is Int ? .blocks(try field.integer()) : .named(try field.strings()))
      case .macs: targets.append(.macs(try field.fraction()))
      case .keep: keep = try field.strings()
      }
    }
    guard let target = targets.first, targets.count == 1 else {
      throw ModelError(
        .request, "recipe, 'drop': expected one of blocks and macs, found \(targets.count)")
    }
    var options = DropOptions(target: target)
    options.keep = keep
    return options
  }
}
