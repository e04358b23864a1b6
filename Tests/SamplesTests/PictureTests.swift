import Foundation
import IR
import Pictures
import Samples
import TestSupport
import Testing

/// Pictures against what Pillow makes of them.
@Suite struct PictureTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// Random colours, 7 columns and 5 rows.
  private static let png = """
    iVBORw0KGgoAAAANSUhEUgAAAAcAAAAFCAIAAAAG+GGPAAAAeUlEQVR4nAFuAJH/AF+CwtnP6w+jIdfZgvi9EEW46M1O
    qQTe+0hEITgE5wZkK7kW2hwznEoDAOoEAylvPLpwJggEAW2OzL3KIgizj/vIALq/f9yh5wEri+2/Vo8H6GDvTDcARwFN
    x9uD6bXu+9i6CJh4QuZ0yvIaHEcruDSR205QQwAAAABJRU5ErkJggg==
    """

  /// Gradients, 16 x 16, written by Pillow at quality 90.
  private static let jpeg = """
    /9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAMCAgMCAgMDAwMEAwMEBQgFBQQEBQoHBwYIDAoMDAsKCwsNDhIQDQ4RDgsL
    EBYQERMUFRUVDA8XGBYUGBIUFRT/2wBDAQMEBAUEBQkFBQkUDQsNFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQU
    FBQUFBQUFBQUFBQUFBQUFBQUFBT/wAARCAAQABADASIAAhEBAxEB/8QAHwAAAQUBAQEBAQEAAAAAAAAAAAECAwQFBgcI
    CQoL/8QAtRAAAgEDAwIEAwUFBAQAAAF9AQIDAAQRBRIhMUEGE1FhByJxFDKBkaEII0KxwRVS0fAkM2JyggkKFhcYGRol
    JicoKSo0NTY3ODk6Q0RFRkdISUpTVFVWV1hZWmNkZWZnaGlqc3R1dnd4eXqDhIWGh4iJipKTlJWWl5iZmqKjpKWmp6ip
    qrKztLW2t7i5usLDxMXGx8jJytLT1NXW19jZ2uHi4+Tl5ufo6erx8vP09fb3+Pn6/8QAHwEAAwEBAQEBAQEBAQAAAAAA
    AAECAwQFBgcICQoL/8QAtREAAgECBAQDBAcFBAQAAQJ3AAECAxEEBSExBhJBUQdhcRMiMoEIFEKRobHBCSMzUvAVYnLR
    ChYkNOEl8RcYGRomJygpKjU2Nzg5OkNERUZHSElKU1RVVldYWVpjZGVmZ2hpanN0dXZ3eHl6goOEhYaHiImKkpOUlZaX
    mJmaoqOkpaanqKmqsrO0tba3uLm6wsPExcbHyMnK0tPU1dbX2Nna4uPk5ebn6Onq8vP09fb3+Pn6/9oADAMBAAIRAxEA
    PwDzLwTrH+r+avoDwRrH+r+avkfwRrH+r+avoDwTrH+r+ajxDzz49QoeHX9w/9k=
    """

  private static func bytes(_ text: String) throws -> [UInt8] {
    [UInt8](try #require(Data(base64Encoded: text, options: .ignoreUnknownCharacters)))
  }

  private func load(_ shape: [Int?], _ words: String) throws -> Dataset {
    let axes = shape.enumerated().map { axis, length in
      length.map { Dimension.known($0) } ?? Dimension(symbol: "d\(axis)")
    }
    var graph = Graph(name: "g")
    graph.addInput(
      ValueInfo(graph.addFreshValue("x"), type: .tensor(TensorType(.float, Shape(axes)))))
    return try Dataset.load(
      folder.path, for: Model(graph: graph), seed: 0, preprocessing: Preprocessing(words))
  }

  @Test("A PNG has its pixels")
  func png() throws {
    let picture = try Picture(decoding: Storage(try Self.bytes(Self.png)))
    #expect(picture.width == 7 && picture.height == 5)
    #expect(picture.pixels.prefix(12) == [95, 130, 194, 217, 207, 235, 15, 163, 33, 215, 217, 130])
  }

  @Test("A JPEG has Pillow's pixels")
  func jpeg() throws {
    let picture = try Picture(decoding: Storage(try Self.bytes(Self.jpeg)))
    #expect(picture.width == 16 && picture.height == 16)
    #expect(
      picture.pixels.prefix(24) == [
        8, 104, 214, 13, 110, 213, 21, 119, 210, 27, 127, 203, 34, 134, 193, 40, 143, 184, 50, 151,
        179, 55, 159, 172,
      ])
  }

  @Test("Damaged pictures are errors")
  func damaged() throws {
    for text in [Self.png, Self.jpeg] {
      let bytes = try Self.bytes(text)
      let error = try #require(throws: ModelError.self) {
        try Picture(decoding: Storage(Array(bytes.prefix(40))))
      }
      #expect(error.code == .malformed)
    }
  }

  @Test("Pictures are resized as Pillow does, in the layout of the input")
  func resized() throws {
    try folder.add("a.png", try Self.bytes(Self.png))
    let pixels: [Float] = [
      101, 170, 132, 77, 169, 79, 152, 172, 73, 155, 118, 124, 96, 171, 143, 98, 144, 156, 113, 131,
      113, 120, 102, 143, 162, 181, 177, 147, 146, 109, 170, 168, 162, 102, 163, 103,
    ]
    let last = try load([nil, 3, 4, 3], "0-255,layout=nhwc").inputs(0..<1)["x"]
    #expect(last?.floats == pixels)
    let turned = try load([nil, 3, 3, 4], "0-255,order=bgr").inputs(0..<1)["x"]
    let planes = [2, 1, 0].flatMap { colour in (0..<12).map { pixels[3 * $0 + colour] } }
    #expect(turned?.floats == planes)
    let scaled = try load([nil, 3, 3, 4], "-1-1").inputs(0..<1)["x"]?.floats
    #expect(scaled?.first == Float(101.0 / 127.5 - 1))
  }

  @Test("Grey follows BT.601, and what an input does not say has to be given")
  func grey() throws {
    try folder.add("a.png", try Self.bytes(Self.png))
    let grey = try load([nil, 1, 5, 7], "0-255").inputs(0..<1)["x"]?.floats
    #expect(grey?.prefix(7) == [127, 213, 104, 206, 187, 155, 126])
    #expect(throws: ModelError.self) { try load([nil, 3, nil, nil], "0-1") }
    let cropped = try load([nil, 3, nil, nil], "0-255,crop=3x1").inputs(0..<1)["x"]
    #expect(cropped?.dimensions == [1, 3, 1, 3])
  }

  @Test("A folder a class gives the labels, by number or in the order of names")
  func classes() throws {
    for name in ["10", "2"] {
      try FileManager.default.createDirectory(
        atPath: folder[name], withIntermediateDirectories: false)
      try folder.add("\(name)/a.png", try Self.bytes(Self.png))
    }
    let numbered = try load([nil, 3, 2, 2], "imagenet,crop=2,resize=2")
    #expect(numbered.labels == [2, 10] && numbered.notes.isEmpty)
    try FileManager.default.createDirectory(
      atPath: folder["cat"], withIntermediateDirectories: false)
    try folder.add("cat/b.jpeg", try Self.bytes(Self.jpeg))
    let named = try load([2, 3, 2, 2], "0-1")
    #expect(named.labels == [0, 1] && named.unused == 1 && named.notes.count == 2)
    #expect(try named.inputs(0..<2)["x"]?.dimensions == [2, 3, 2, 2])
  }

  @Test("Pictures need to be told what becomes of them")
  func told() throws {
    try folder.add("a.png", try Self.bytes(Self.png))
    var graph = Graph(name: "g")
    graph.addInput(
      ValueInfo(graph.addFreshValue("x"), type: .tensor(TensorType(.float, [1, 3, 4, 4]))))
    let error = try #require(throws: ModelError.self) {
      try Dataset.load(folder.path, for: Model(graph: graph), seed: 0)
    }
    #expect(error.message.contains("--preprocess") && error.hint?.contains("imagenet") == true)
  }
}
