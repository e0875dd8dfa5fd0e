// Loaded before Portkey's gateway, which listens on every address of the machine: a benchmark has no business there.
const { Server } = require("node:net");

const listen = Server.prototype.listen;
Server.prototype.listen = function (port, ...rest) {
  const callbacks = rest.filter((argument) => typeof argument === "function");
  return listen.call(this, { port, host: "127.0.0.1" }, ...callbacks);
};
