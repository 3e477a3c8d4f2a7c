// Stands in for the native module @vscode/spdlog: a logger that appends to a file.
const fs = require('node:fs');
const path = require('node:path');

const LEVELS = ['trace', 'debug', 'info', 'warning', 'error', 'critical'];

class Logger {
    constructor(_name, file) {
        this.file = file;
        this.level = 2;
        this.raw = false;
        fs.mkdirSync(path.dirname(file), { recursive: true });
    }

    write(level, message) {
        if (level < this.level) {
            return;
        }
        const time = new Date().toISOString().slice(0, -1).replace('T', ' ');
        try {
            fs.appendFileSync(this.file, this.raw ? message : `${time} [${LEVELS[level]}] ${message}\n`);
        } catch {
            // The profile is being removed while the server still logs.
        }
    }

    trace(message) {
        this.write(0, message);
    }
    debug(message) {
        this.write(1, message);
    }
    info(message) {
        this.write(2, message);
    }
    warn(message) {
        this.write(3, message);
    }
    error(message) {
        this.write(4, message);
    }
    critical(message) {
        this.write(5, message);
    }
    setLevel(level) {
        this.level = level;
    }
    getLevel() {
        return this.level;
    }
    clearFormatters() {
        this.raw = true;
    }
    setPattern() {}
    flush() {}
    drop() {}
}

// Named one by one: VS Code does `await import()` of this CommonJS file and needs names that can be seen statically.
exports.Logger = Logger;
exports.version = 0;
exports.setLevel = () => {};
exports.setFlushOn = () => {};
exports.shutdown = () => {};
exports.createRotatingLogger = async (name, file) => new Logger(name, file);
exports.createAsyncRotatingLogger = async (name, file) => new Logger(name, file);
