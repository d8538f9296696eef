// Compiles the TypeScript on the standard input as if it lay here, and prints what is wrong with it, a line each.
const fs = require("node:fs");
const path = require("node:path");
const ts = require("typescript");

const file = path.join(__dirname, "answers.ts");
const text = fs.readFileSync(0, "utf8");
const options = {
  strict: true, noEmit: true, skipLibCheck: true, types: [], target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler,
};
const host = ts.createCompilerHost(options);
const { fileExists, getSourceFile } = host;
host.fileExists = (name) => path.resolve(name) === file || fileExists.call(host, name);
host.getSourceFile = (name, ...rest) =>
  path.resolve(name) === file ? ts.createSourceFile(name, text, ...rest) : getSourceFile.call(host, name, ...rest);
for (const found of ts.getPreEmitDiagnostics(ts.createProgram([file], options, host))) {
  const line = found.file ? found.file.text.slice(0, found.start).split("\n").length : 0;
  console.log(`${line}: ${ts.flattenDiagnosticMessageText(found.messageText, " ")}`);
}
