// Unix sockets: their files, their rights, and who may take whose place.
#include "adapters/net/unix_socket.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "adapters/net/listener.hpp"
#include "support/loop_thread.hpp"

namespace dujiang::adapters::net {
namespace {

using ::testing::HasSubstr;

class UnixSocketTest : public ::testing::Test {
 public:
  ~UnixSocketTest() override { std::filesystem::remove_all(folder_); }

 protected:
  UnixSocketTest() {
    char made[] = "/tmp/dujiang-test-XXXXXX";
    folder_ = ::mkdtemp(made);
    path_ = folder_ + "/s";
  }

  // A connection to the path; -1 where nobody listens.
  int connect() const {
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un to{};
    to.sun_family = AF_UNIX;
    std::strcpy(to.sun_path, path_.c_str());
    if (::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0) return fd;
    ::close(fd);
    return -1;
  }

  bool somebody_listens() const {
    const int fd = connect();
    if (fd >= 0) ::close(fd);
    return fd >= 0;
  }

  base::Result<std::unique_ptr<Listener>> open(mode_t mode = 0600) {
    return Listener::open_unix(loop_, path_, mode);
  }

  runtime::EpollLoop loop_{1};
  std::string folder_;
  std::string path_;
};

TEST_F(UnixSocketTest, HasItsRightsAndGoesWithItsListener) {
  {
    const auto listener = open(0640);
    ASSERT_TRUE(listener) << listener.error().message;
    EXPECT_TRUE((*listener)->is_unix());
    struct stat found{};
    ASSERT_EQ(::stat(path_.c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 0777u, 0640u);
    EXPECT_TRUE(somebody_listens());
  }
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(UnixSocketTest, TakesThePlaceOfALeftoverOnly) {
  auto first = open();
  ASSERT_TRUE(first);
  const auto second = open();
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().message, HasSubstr(path_ + ": another program listens there"));
  EXPECT_TRUE(somebody_listens());
  // What a program leaves that was killed: the file without a listener.
  std::filesystem::rename(path_, path_ + "-kept");
  first->reset();
  std::filesystem::rename(path_ + "-kept", path_);
  EXPECT_FALSE(somebody_listens());
  EXPECT_TRUE(open());
}

TEST_F(UnixSocketTest, LeavesEveryOtherFileAlone) {
  std::ofstream(path_) << "precious";
  const auto listener = open();
  ASSERT_FALSE(listener);
  EXPECT_THAT(listener.error().message, HasSubstr("there is a file that is no socket"));
  EXPECT_EQ(std::filesystem::file_size(path_), 8u);
}

TEST_F(UnixSocketTest, DoesNotRemoveTheSocketOfItsSuccessor) {
  auto first = open();
  ASSERT_TRUE(first);
  std::filesystem::remove(path_);
  const auto second = open();
  ASSERT_TRUE(second);
  first->reset();
  EXPECT_TRUE(somebody_listens());
}

TEST_F(UnixSocketTest, SaysWhyItCannotBe) {
  path_ = folder_ + "/none/s";
  EXPECT_THAT(open().error().message, HasSubstr("its folder cannot be opened: No such file or directory"));
  path_ = folder_ + "/" + std::string(kMaxUnixPath, 'x');
  EXPECT_THAT(open().error().message, HasSubstr("a socket's path has 1 to 107 bytes"));
}

runtime::Task<bool> answer_one(Listener& listener) {
  const Accepted accepted = co_await listener.accept();
  const bool is_local = accepted.conn && !accepted.peer;
  if (accepted.conn) accepted.conn->write("hello");
  co_return is_local;
}

TEST_F(UnixSocketTest, CarriesBytesAsTcpDoes) {
  testing::LoopThread thread;
  auto listener = thread.call([&] { return Listener::open_unix(thread.loop(), path_, 0600).value(); });
  const int caller = connect();
  ASSERT_GE(caller, 0);
  EXPECT_TRUE(thread.await<bool>([&] { return answer_one(*listener); }));
  char heard[5];
  EXPECT_EQ(::recv(caller, heard, sizeof heard, MSG_WAITALL), 5);
  EXPECT_EQ(std::string(heard, 5), "hello");
  ::close(caller);
  thread.call([&] { listener.reset(); });
}

TEST_F(UnixSocketTest, CanBeAdoptedWithItsPathAndIsThenNotRemoved) {
  const auto made = listen_unix(path_, 0600, 8);
  ASSERT_TRUE(made);
  {
    const auto listener = Listener::adopt(loop_, made->fd);
    ASSERT_TRUE(listener) << listener.error().message;
    EXPECT_EQ((*listener)->path(), path_);
  }
  EXPECT_TRUE(std::filesystem::exists(path_));
}

TEST_F(UnixSocketTest, OnlyListeningSocketsCanBeAdopted) {
  int pair[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
  const int datagrams = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  for (const int fd : {pair[0], pair[1], datagrams, 999}) {
    const auto listener = Listener::adopt(loop_, fd);
    ASSERT_FALSE(listener);
    EXPECT_THAT(listener.error().message,
                HasSubstr("descriptor " + std::to_string(fd) + ", which was handed"));
    ::close(fd);
  }
}

}  // namespace
}  // namespace dujiang::adapters::net
