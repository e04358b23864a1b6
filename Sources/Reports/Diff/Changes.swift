internal import IR

/// A change of one attribute or constant, before its place is known.
struct Change {
  var kind: DiffHunk.Kind
  var change: DiffHunk.Change
}

/// What differs between two constants.
func tensorChanges(_ x: Tensor, _ y: Tensor, equal: Bool) -> [Change] {
  if equal { return [] }
  var changes: [Change] = []
  if x.elementType != y.elementType {
    changes.append(
      Change(
        kind: .elementType, change: .replaced(from: "\(x.elementType)", to: "\(y.elementType)")))
  }
  if x.dimensions != y.dimensions {
    changes.append(Change(kind: .shape, change: .shape(from: x.dimensions, to: y.dimensions)))
  }
  guard x.dimensions == y.dimensions else { return changes }
  guard !x.isAbsent, !y.isAbsent else {
    return changes + [Change(kind: .weight, change: .absent(isInFirst: x.isAbsent))]
  }
  if let p = x.list, let q = y.list {
    // Lengths and axes are read, not measured.
    changes.append(Change(kind: .weight, change: .replaced(from: p, to: q)))
  } else if let difference = TensorDifference(x, y) {
    if difference.changed > 0 || changes.isEmpty {
      changes.append(Change(kind: .weight, change: .elements(difference)))
    }
  } else {
    changes.append(Change(kind: .weight, change: .replaced(from: x.telling, to: y.telling)))
  }
  return changes
}

/// What differs between two lists of attributes, each sorted by name.
///
/// - Parameter defaults: for either side, what attributes mean that are not in its list.
func attributeChanges(
  _ x: [Attribute], _ y: [Attribute],
  defaults: ([String: AttributeValue], [String: AttributeValue]) = ([:], [:])
) -> [Change] {
  var changes: [Change] = []
  func add(_ name: String, _ change: DiffHunk.Change) {
    changes.append(Change(kind: .attribute, change: .attribute(name, change)))
  }
  // Where one of two versions of an operator means the value by default, both mean it.
  func isMeant(_ attribute: Attribute, _ defaults: [String: AttributeValue]) -> Bool {
    defaults[attribute.name].map {
      Attribute(attribute.name, $0).hash(withElements: true) == attribute.hash(withElements: true)
    } ?? false
  }
  for attribute in x {
    guard let other = y.first(where: { $0.name == attribute.name }) else {
      guard !isMeant(attribute, defaults.1) else { continue }
      let meant = defaults.1[attribute.name]?.brief ?? "none"
      add(attribute.name, .replaced(from: attribute.value.brief, to: meant))
      continue
    }
    guard attribute.hash(withElements: true) != other.hash(withElements: true) else { continue }
    if case .tensor(let p) = attribute.value, case .tensor(let q) = other.value {
      for change in tensorChanges(p, q, equal: false) {
        add(attribute.name, change.change)
      }
    } else {
      add(attribute.name, .replaced(from: attribute.value.brief, to: other.value.brief))
    }
  }
  for attribute in y where !x.contains(where: { $0.name == attribute.name }) {
    guard !isMeant(attribute, defaults.0) else { continue }
    let meant = defaults.0[attribute.name]?.brief ?? "none"
    add(attribute.name, .replaced(from: meant, to: attribute.value.brief))
  }
  return changes
}

extension AttributeValue {
  /// The value in a few words.
  var brief: String {
    func list<T>(_ items: [T], _ text: (T) -> String) -> String {
      let rest = items.count > 8 ? ",… \(items.count) in all" : ""
      return "[" + items.prefix(8).map(text).joined(separator: ",") + rest + "]"
    }
    func quoted(_ bytes: [UInt8]) -> String { "'\(String(decoding: bytes, as: UTF8.self))'" }
    switch self {
    case .float(let value): return "\(value)"
    case .int(let value): return "\(value)"
    case .string(let bytes): return quoted(bytes)
    case .tensor(let tensor): return "\(tensor.type) \(tensor.digest)"
    case .floats(let values): return list(values) { "\($0)" }
    case .ints(let values): return list(values) { "\($0)" }
    case .strings(let values): return list(values, quoted)
    case .tensors(let values): return list(values) { "\($0.type) \($0.digest)" }
    case .graph: return "a graph"
    case .graphs(let graphs): return "\(graphs.count) graphs"
    case .reference(let name): return "@\(name)"
    case .opaque: return "a value of another kind"
    }
  }
}

extension TensorType {
  /// Whether no tensor can have both types; lengths that are not numbers contradict nothing.
  func contradicts(_ other: TensorType) -> Bool {
    if elementType != other.elementType, elementType != .undefined, other.elementType != .undefined
    {
      return true
    }
    guard let x = shape, let y = other.shape else { return false }
    if x.rank != y.rank { return true }
    return zip(x.dimensions, y.dimensions).contains { p, q in
      if let m = p.value, let n = q.value { m != n } else { false }
    }
  }
}

extension Tensor {
  /// A few whole numbers as they are written; nil for anything else.
  fileprivate var list: String? {
    guard [.int64, .int32].contains(elementType), dimensions.count < 2, count <= 8,
      let integers
    else { return nil }
    let text = integers.map(String.init).joined(separator: ",")
    return dimensions.isEmpty ? text : "[\(text)]"
  }

  /// A single short text itself, anything else as its digest.
  fileprivate var telling: String {
    guard case .strings(let texts) = payload, texts.count == 1, texts[0].count <= 80 else {
      return digest
    }
    return String(decoding: texts[0], as: UTF8.self)
  }
}
