internal import IR
internal import ONNXFile
internal import Pictures
internal import Platform

/// Pictures in a folder, or in one folder a class below it.
struct PictureFolder: Sendable {
  /// Paths of the pictures, in the order of their names.
  let paths: [String]
  /// The class of each picture; nil where nothing tells.
  let labels: [Int]?
  /// How classes were numbered, for a note; nil where the folders' names are the numbers.
  let note: String?

  /// Finds pictures; nil where there are none.
  ///
  /// Classes are the folders below `path`: by their own number where each name is one, else
  /// counted from 0 in the order of their names, as torchvision's ImageFolder does. Without
  /// folders, `labels.txt` (a number a line, in the order of the pictures' names) or `labels.npy`
  /// tells.
  ///
  /// - Parameter names: what the folder holds.
  init?(_ path: String, _ names: [String]) throws(ModelError) {
    let own = Self.pictures(names)
    if !own.isEmpty {
      paths = own.map { "\(path)/\($0)" }
      labels = try Self.labels(path, names, count: own.count)
      note = nil
      return
    }
    var classes: [(name: String, pictures: [String])] = []
    for name in names where !name.hasPrefix(".") {
      guard let inner = FileTree.names(in: "\(path)/\(name)") else { continue }
      let found = Self.pictures(inner)
      if !found.isEmpty { classes.append((name, found)) }
    }
    guard !classes.isEmpty else { return nil }
    let numbers = classes.compactMap { Int($0.name) }
    let isNumbered =
      numbers.count == classes.count && Set(numbers).count == numbers.count
      && numbers.allSatisfy { $0 >= 0 }
    let order =
      isNumbered ? classes.indices.sorted { numbers[$0] < numbers[$1] } : Array(classes.indices)
    paths = order.flatMap { index in
      classes[index].pictures.map { "\(path)/\(classes[index].name)/\($0)" }
    }
    labels = order.enumerated().flatMap { place, index in
      classes[index].pictures.map { _ in isNumbered ? numbers[index] : place }
    }
    let listed = classes.prefix(3).enumerated().map { "\($0) is '\($1.name)'" }
    note =
      isNumbered
      ? nil
      : "classes counted in the order of the folders' names: \(listed.joined(separator: ", "))"
        + (classes.count > 3 ? ", …" : "")
  }

  /// One picture.
  init(picture path: String) {
    (paths, labels, note) = ([path], nil, nil)
  }

  private static func pictures(_ names: [String]) -> [String] {
    names.filter(Picture.isNamed).inNaturalOrder
  }

  private static func labels(
    _ path: String, _ names: [String], count: Int
  ) throws(ModelError) -> [Int]? {
    var found: [Int]?
    if names.contains("labels.npy") {
      found = try NPY.read("\(path)/labels.npy").integers
    } else if names.contains("labels.txt") {
      let file = try FileBytes.read("\(path)/labels.txt", expecting: "labels")
      let text = file.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
      let lines = text.split(whereSeparator: \.isNewline)
      let numbers = lines.compactMap { Int($0.filter { !$0.isWhitespace }) }
      found = numbers.count == lines.count ? numbers : []
    } else {
      return nil
    }
    guard let found, found.count == count else {
      throw ModelError(
        .request,
        "data \"\(path)\": expected \(count) whole numbers as labels, one a picture, found \(found?.count ?? 0)"
      )
    }
    return found
  }

  /// Some pictures, decoded.
  func pictures(_ places: [Int]) throws(ModelError) -> [Picture] {
    var pictures: [Picture] = []
    for path in places.map({ paths[$0] }) {
      let file = try FileBytes.read(path, expecting: "a picture")
      pictures.append(
        try noting("picture \"\(path)\"") { () throws(ModelError) in
          try Picture(decoding: file)
        })
    }
    return pictures
  }
}

extension [String] {
  /// Names with runs of digits compared as numbers: `x2` before `x10`.
  var inNaturalOrder: [String] {
    map { name in
      var key: [(isNumber: Bool, text: String)] = []
      for character in name {
        let isDigit = character.isASCII && character.isNumber
        if key.last?.isNumber == isDigit {
          key[key.count - 1].text.append(character)
        } else {
          key.append((isDigit, String(character)))
        }
      }
      return (key, name)
    }.sorted { a, b in
      for (x, y) in zip(a.0, b.0) {
        if x.isNumber, y.isNumber {
          let p = x.text.drop { $0 == "0" }, q = y.text.drop { $0 == "0" }
          if p.count != q.count { return p.count < q.count }
          if p != q { return p < q }
        } else if x.text != y.text {
          return x.text < y.text
        }
      }
      return a.0.count != b.0.count ? a.0.count < b.0.count : a.1 < b.1
    }.map { $0.1 }
  }
}
