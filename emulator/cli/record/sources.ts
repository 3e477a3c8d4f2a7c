/** The recorder's sources as text, bundled into the command. */
import calls from './calls.c';
import kexec from './kexec.c';
import processes from './processes.c';
import recorder from './recorder.c';
import header from './recorder.h';
import text from './text.c';

export const SOURCES: ReadonlyMap<string, string> = new Map([
    ['recorder.c', recorder],
    ['calls.c', calls],
    ['processes.c', processes],
    ['kexec.c', kexec],
    ['text.c', text],
    ['recorder.h', header],
]);
