#include "tests/e2e/conformance/fake_plugin.h"

#include <algorithm>
#include <filesystem>
#include <sstream>

namespace isthmus::test {

FakePlugin::FakePlugin(std::string name, const std::string& bin)
    : name_(std::move(name)), directory_("/run/fake/calls" + bin + "/" + name_) {
  namespace fs = std::filesystem;
  fs::create_directories(bin);
  fs::create_directories(directory_);
  // The environment is read from /proc, because a shell adds to its own.
  write_file(bin + "/" + name_,
             "#!/bin/sh\n"
             "DIR=" +
                 directory_ +
                 "\n"
                 "cat /proc/$$/environ > $DIR/$CNI_COMMAND.env\n"
                 "cat > $DIR/$CNI_COMMAND.stdin\n"
                 "echo $CNI_COMMAND >> $DIR/calls\n"
                 "[ -e $DIR/$CNI_COMMAND.script ] || exit 0\n"
                 ". $DIR/$CNI_COMMAND.script\n");
  fs::permissions(bin + "/" + name_, fs::perms(0755));
}

FakePlugin& FakePlugin::on(const std::string& verb, const std::string& script) {
  write_file(directory_ + "/" + verb + ".script", script + "\n");
  return *this;
}

FakePlugin& FakePlugin::answers(const std::string& verb, const Json& answer) {
  write_file(directory_ + "/" + verb + ".answer", answer.dump());
  return on(verb, "cat $DIR/" + verb + ".answer");
}

FakePlugin& FakePlugin::fails(const std::string& verb,
                              unsigned code,
                              const std::string& msg,
                              const std::string& details) {
  Json error = {{"cniVersion", "1.1.0"}, {"code", code}, {"msg", msg}};
  if (!details.empty()) error["details"] = details;
  write_file(directory_ + "/" + verb + ".answer", error.dump());
  return on(verb, "cat $DIR/" + verb + ".answer; exit 1");
}

FakePlugin& FakePlugin::leases(const std::string& address, const std::string& gateway, const std::string& version) {
  Json ip = {{"address", address}};
  if (!gateway.empty()) ip["gateway"] = gateway;
  return answers("ADD", {{"cniVersion", version}, {"ips", Json::array({ip})}});
}

std::vector<std::string> FakePlugin::calls() const {
  std::istringstream text(file("calls"));
  std::vector<std::string> result;
  for (std::string line; std::getline(text, line);)
    result.push_back(line);
  return result;
}

std::size_t FakePlugin::count(const std::string& verb) const {
  const std::vector<std::string> all = calls();
  return static_cast<std::size_t>(std::count(all.begin(), all.end(), verb));
}

std::string FakePlugin::input_of(const std::string& verb) const { return file(verb + ".stdin"); }

std::map<std::string, std::string> FakePlugin::env_of(const std::string& verb) const {
  std::istringstream text(file(verb + ".env"));
  std::map<std::string, std::string> result;
  for (std::string entry; std::getline(text, entry, '\0');) {
    std::size_t equals = entry.find('=');
    if (equals != std::string::npos) result[entry.substr(0, equals)] = entry.substr(equals + 1);
  }
  return result;
}

std::string FakePlugin::file(const std::string& name) const { return read_file(directory_ + "/" + name); }

}  // namespace isthmus::test
