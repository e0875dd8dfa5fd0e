// Files on a real disk change in every way that files change.
#include "app/file_watch.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

#include "app/file_places.hpp"
#include "support/run.hpp"

namespace dujiang::app {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using ::testing::ElementsAre;

constexpr base::Duration kPatience = 20s;

runtime::Task<runtime::Wake> heard(runtime::Signal& signal) {
  co_return co_await signal.wait(base::after(signal.loop().now(), kPatience));
}

class FileWatchTest : public ::testing::Test {
 public:
  ~FileWatchTest() override { fs::remove_all(folder_); }

 protected:
  FileWatchTest() : folder_(::testing::TempDir() + "file-watch-XXXXXX") {
    if (mkdtemp(folder_.data()) == nullptr) throw std::runtime_error("mkdtemp");
  }

  std::string at(const std::string& name) const { return folder_ + "/" + name; }
  void write(const std::string& name, const std::string& content) const {
    std::ofstream(at(name)) << content;
  }
  // As Kubernetes mounts a ConfigMap: the file is a link to a link to a folder.
  void mount(const std::string& version, const std::string& content) const {
    fs::create_directory(at(version));
    write(version + "/gateway.yaml", content);
    fs::create_directory_symlink(version, at("..data_tmp"));
    fs::rename(at("..data_tmp"), at("..data"));
  }

  // Reads the file, so to speak, and watches it from then on.
  void read(const std::string& path) {
    const auto watched = watch_.watch({{path, stamp_of(path)}});
    EXPECT_TRUE(watched) << watched.error().message;
  }

  // Whether a change is told; the file is read again then.
  bool hears_of(const std::string& path) {
    const bool is_heard = testing::run(loop_, heard(changed_)) == runtime::Wake::signalled;
    read(path);
    return is_heard;
  }

  std::string folder_;
  runtime::EpollLoop loop_{1};
  runtime::Signal changed_{loop_};
  int changes_ = 0;
  FileWatch watch_{loop_, [this] {
                     ++changes_;
                     changed_.notify();
                   }};
};

TEST_F(FileWatchTest, HearsOfAFileThatIsWrittenInPlace) {
  write("gateway.yaml", "one");
  read(at("gateway.yaml"));
  write("gateway.yaml", "two");
  EXPECT_TRUE(hears_of(at("gateway.yaml")));
  write("gateway.yaml", "tre");
  EXPECT_TRUE(hears_of(at("gateway.yaml")));
  EXPECT_EQ(changes_, 2);
}

TEST_F(FileWatchTest, HearsOfAFileThatAnotherIsRenamedOver) {
  write("gateway.yaml", "one");
  read(at("gateway.yaml"));
  for (const char* content : {"two", "three"}) {
    write(".gateway.yaml.swp", content);
    fs::rename(at(".gateway.yaml.swp"), at("gateway.yaml"));
    EXPECT_TRUE(hears_of(at("gateway.yaml")));
  }
  EXPECT_EQ(changes_, 2);
}

TEST_F(FileWatchTest, HearsOfAConfigMapThatIsSwapped) {
  mount("..2026_1", "one");
  fs::create_symlink("..data/gateway.yaml", at("gateway.yaml"));
  read(at("gateway.yaml"));
  for (const char* version : {"..2026_2", "..2026_3"}) {
    mount(version, "other");
    EXPECT_TRUE(hears_of(at("gateway.yaml"))) << version;
  }
}

TEST_F(FileWatchTest, HearsOfAFileThatALinkLeadsToElsewhere) {
  fs::create_directory(at("real"));
  write("real/gateway.yaml", "one");
  fs::create_symlink(at("real/gateway.yaml"), at("link.yaml"));
  read(at("link.yaml"));
  write("real/gateway.yaml", "three");
  EXPECT_TRUE(hears_of(at("link.yaml")));
}

TEST_F(FileWatchTest, HearsOfAFileThatComesAndGoes) {
  read(at("folder/key"));
  fs::create_directory(at("folder"));
  write("folder/key", "sk-1");
  EXPECT_TRUE(hears_of(at("folder/key")));
  fs::remove(at("folder/key"));
  EXPECT_TRUE(hears_of(at("folder/key")));
  write("folder/key", "sk-2");
  EXPECT_TRUE(hears_of(at("folder/key")));
}

TEST_F(FileWatchTest, HearsOfAFolderThatIsReplaced) {
  fs::create_directory(at("etc"));
  write("etc/gateway.yaml", "one");
  read(at("etc/gateway.yaml"));
  fs::create_directory(at("etc.new"));
  write("etc.new/gateway.yaml", "two");
  fs::rename(at("etc"), at("etc.old"));
  fs::rename(at("etc.new"), at("etc"));
  EXPECT_TRUE(hears_of(at("etc/gateway.yaml")));
  write("etc/gateway.yaml", "three");
  EXPECT_TRUE(hears_of(at("etc/gateway.yaml")));
}

TEST_F(FileWatchTest, HearsOfRightsThatChange) {
  write("key", "sk-1");
  read(at("key"));
  chmod(at("key").c_str(), 0600);
  EXPECT_TRUE(hears_of(at("key")));
}

TEST_F(FileWatchTest, HearsOfAChangeBetweenReadingAndWatching) {
  write("gateway.yaml", "one");
  const FileStamp as_read = stamp_of(at("gateway.yaml"));
  write("gateway.yaml", "another");
  ASSERT_TRUE(watch_.watch({{at("gateway.yaml"), as_read}}));
  EXPECT_TRUE(hears_of(at("gateway.yaml")));
}

TEST_F(FileWatchTest, TellsOfManyChangesAtOnceOnce) {
  write("gateway.yaml", "0");
  read(at("gateway.yaml"));
  for (int i = 0; i < 50; ++i) write("gateway.yaml", std::string(static_cast<std::size_t>(i), 'x'));
  EXPECT_TRUE(hears_of(at("gateway.yaml")));
  write("gateway.yaml", "last");
  EXPECT_TRUE(hears_of(at("gateway.yaml")));
  EXPECT_EQ(changes_, 2);
}

TEST_F(FileWatchTest, DoesNotCareForItsNeighbours) {
  write("gateway.yaml", "one");
  read(at("gateway.yaml"));
  for (int i = 0; i < 20; ++i) write("access.log", std::to_string(i));
  write("last.yaml", "one");
  ASSERT_TRUE(watch_.watch(
      {{at("gateway.yaml"), stamp_of(at("gateway.yaml"))}, {at("last.yaml"), stamp_of(at("last.yaml"))}}));
  write("last.yaml", "two");
  EXPECT_TRUE(hears_of(at("last.yaml")));
  EXPECT_EQ(changes_, 1);
}

TEST_F(FileWatchTest, ThePlacesOfAPathAreItsLinksAndItsEnd) {
  const fs::path folder = fs::canonical(folder_);
  fs::create_directories(at("real/deep"));
  write("real/deep/file", "");
  fs::create_symlink("real", at("a"));
  fs::create_symlink("a/deep/../deep/file", at("b"));
  const std::vector<FilePlace> places = places_of((folder / "b").string());
  EXPECT_THAT(places, ElementsAre(FilePlace{folder, "b"}, FilePlace{folder, "a"},
                                  FilePlace{folder / "real/deep", "file"}));
}

TEST_F(FileWatchTest, ALoopOfLinksHasAnEnd) {
  fs::create_symlink("b", at("a"));
  fs::create_symlink("a", at("b"));
  EXPECT_LT(places_of(at("a")).size(), 50u);
  EXPECT_EQ(stamp_of(at("a")), FileStamp{});
}

}  // namespace
}  // namespace dujiang::app
