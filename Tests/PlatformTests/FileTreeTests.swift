import Foundation
import Platform
import Testing

@Suite("Files and paths") struct FileTreeTests {
  @Test("Folders are made, listed and removed, links not followed")
  func folders() throws {
    let root = try #require(FileTree.makeTemporaryFolder())
    defer { FileTree.remove(root) }
    let deep = "\(root)/a/b//c/"
    #expect(FileTree.makeFolder(deep) && FileTree.makeFolder(deep))
    try Data([1]).write(to: URL(fileURLWithPath: "\(root)/a/x"))
    try FileManager.default.createSymbolicLink(
      atPath: "\(root)/a/link", withDestinationPath: "\(root)/kept")
    #expect(FileTree.makeFolder("\(root)/kept"))
    #expect(FileTree.names(in: "\(root)/a") == ["b", "link", "x"])
    #expect(FileTree.isFolder("\(root)/a/b/c") && !FileTree.isFolder("\(root)/a/x"))
    #expect(FileTree.exists("\(root)/a/x") && !FileTree.exists("\(root)/a/y"))
    #expect(!FileTree.makeFolder("\(root)/a/x/y"))
    #expect(FileTree.names(in: "\(root)/a/x") == nil)
    let age = try #require(FileTree.age("\(root)/a/x"))
    #expect(age > -5 && age < 60)
    #expect(FileTree.age("\(root)/a/y") == nil)
    #expect(FileTree.remove("\(root)/a"))
    #expect(FileTree.names(in: root) == ["kept"])
  }

  @Test(
    "A path's folder and name",
    arguments: [
      ("x", ".", "x"), ("a/x", "a", "x"), ("/x", "/", "x"), ("a//x", "a", "x"), ("a/b/", "a", "b"),
      ("./x", ".", "x"), ("/", "/", ""),
    ])
  func parts(_ path: String, _ folder: String, _ name: String) {
    #expect(FilePath.name(of: path) == name)
    if path != "/" { #expect(FilePath.folder(of: path) == folder) }
    #expect(FilePath.folder(of: "/a") == "/")
  }

  @Test("Paths are the same where they lead to the same place")
  func same() throws {
    let root = FilePath.resolved(try #require(FileTree.makeTemporaryFolder()))
    defer { FileTree.remove(root) }
    #expect(FileTree.makeFolder("\(root)/a"))
    try FileManager.default.createSymbolicLink(
      atPath: "\(root)/b", withDestinationPath: "\(root)/a")
    #expect(FilePath.resolved("\(root)/b/new") == "\(root)/a/new")
    #expect(FilePath.resolved("\(root)/a/../b/./new") == "\(root)/a/new")
    #expect(FilePath.absolute("/x/./y/../z") == "/x/z")
    #expect(FilePath.absolute("y") == Machine.currentFolder + "/y")
    #expect(FilePath.join(".", "x") == "x" && FilePath.join("a", "/x") == "/x")
  }
}
