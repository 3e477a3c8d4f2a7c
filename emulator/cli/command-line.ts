/**
 * Which commands there are, and their help. All are imported in the ordinary way, although a call needs only one: the
 * bundler puts a function around every module that is imported on demand, and `lus run` would start later by 6 %.
 */
import { version } from '../../package.json';
import { command as blackout } from './blackout';
import { command as check } from './check';
import { command as compat } from './compat';
import { command as dap } from './dap';
import { command as dump } from './dump';
import { command as explain } from './explain';
import { command as fmt } from './fmt';
import { command as importFile } from './import';
import { command as inspect } from './inspect';
import { command as lsp } from './lsp';
import { BadArguments, type Command } from './options';
import { complain } from './print';
import { command as record } from './record';
import { command as replay } from './replay';
import { command as run } from './run';

interface CommandEntry {
    readonly summary: string;
    /** The page that `--help` prints. */
    readonly help: string;
    readonly command: Command;
}

const RUN_HELP = `Usage: lus run FILE... [options]

Runs every scenario of the files, each on a machine of its own, and says for
each failure where and why.

  --scenario NAME   only the scenario of this name
  --kernel NAME     boot this kernel where a scenario boots the default one
  --seed N          picks one of the orders of what runs at the same time (default 0)
  --format FORMAT   pretty (default), tap, junit or json
  --log             print the kernel log, too
  --strict          a diagnosis (a leak, a dangling pointer ...) that the
                    scenario does not ask for makes it fail
  --trace FILE      write a trace of what happened when: phases, system calls,
                    callbacks (for https://ui.perfetto.dev, chrome://tracing)
  --save-handover FILE  write what each kexec hands over as a memory image (ELF
                    core; FILE.gz is compressed); of several, the second goes
                    to FILE-2 and so on
  --whole-memory    with it: all of memory, not only what is handed over

Exit code: 0 all passed, 1 a scenario failed, 2 nothing could be run as asked
(bad arguments, a missing file, a file with errors).
`;

const CHECK_HELP = `Usage: lus check FILE... [options]

Checks files without running them.

  --format FORMAT   pretty (default) or json

Exit code: 0 no errors (there may be warnings), 1 errors, 2 bad arguments or a
missing file.
`;

const FMT_HELP = `Usage: lus fmt FILE... [options]

Lays files out: indentation, spaces, blank lines. Line breaks stay where they
are; what is aligned stays aligned. Prints the files that change. A file that
cannot be read is left as it is.

  --check           change nothing

Exit code: 0 done, 1 a file cannot be read or, with --check, would change, 2 bad
arguments or a missing file.
`;

const EXPLAIN_HELP = `Usage: lus explain CODE...

Prints what the code of a finding means, and what to do: LU0203 of lus check,
LU1003 of lus run.

Exit code: 0, or 2 for a code that does not exist.
`;

const REPLAY_HELP = `Usage: lus replay FILE... [options]

Makes the steps of recordings of a real kernel in the emulator and compares:
results and errors, names, sizes, hashes, and what the kernel log says.

  --format FORMAT   pretty (default) or json

Exit code: 0 all lines match, 1 a line differs, 2 bad arguments, a missing file
or one that is no recording.
`;

const INSPECT_HELP = `Usage: lus inspect IMAGE [options]

Says what a memory image (ELF core, gzip-compressed or not) hands over to the
next kernel: root FDT, scratch areas, preserved memory, sessions, files, FLBs;
and what is wrong with it.

  --fdt ADDRESS            where the root FDT is; searched where left out
  --format FORMAT          pretty (default) or json
  --extract SESSION/TOKEN  write the contents of a memfd to the file of -o
  -o, --output FILE        where they go

Exit code: 0 nothing is wrong, 1 there are findings, 2 bad arguments or a file
that cannot be read.
`;

const COMPAT_HELP = `Usage: lus compat FILE [options]

Runs the scenarios of a file for every pair of kernels: wherever it boots one,
the first takes its place, wherever it loads one, the second. Prints what comes
of each update, and why.

  --kernels A,B,...  these kernels (default: every release)
  --scenario NAME    only the scenario of this name
  --format FORMAT    pretty (default) or json

Exit code: 0 every pair works, 1 some do not, 2 bad arguments, a missing file
or a file with errors.
`;

const IMPORT_HELP = `Usage: lus import FILE.jsonl [-o FILE.lus]

Writes a recording of a real kernel as a scenario: its steps as statements, and
what the kernel answered behind \`fails\` and in \`assert\`.

  -o, --output FILE   where to write it; without this, to standard output

Exit code: 0, or 2 for bad arguments, a missing file or one that is no
recording.
`;

const BLACKOUT_HELP = `Usage: lus blackout FILE [options]

Runs scenarios with other costs, and prints how long guests stand still with each
and what takes the time.

  --vary KEY=A,B,C  give a cost these figures in turn, as preserve_folio=80ns,1us;
                    of several --vary every combination is run
  --scenario NAME   only the scenario of this name
  --kernel NAME     boot this kernel where a scenario boots the default one
  --seed N          picks one of the possible orders of events (default 0)
  --format FORMAT   pretty (default) or json

Exit code: 0 every run passed, 1 one failed, 2 bad arguments, a missing file or a
file with errors.
`;

const RECORD_HELP = `Usage: lus record --build DIR [options]

Builds the recorder, a small program that makes the steps of a script on the
kernel that runs and writes a recording for lus replay. It runs as an ordinary
program, as root on a test machine, or as PID 1 in a virtual machine.

  --build DIR            compile it to DIR/recorder
  --cc CC                with this C compiler (default: CC of the environment, or cc)
  --script FILE          the steps: one a line, or a recording to be made again;
                         goes to DIR/script, or without --build to standard
                         output
  --kernel FILE          make DIR/initramfs.cpio with recorder, script and this
                         kernel, which kexec loads again
  --other-kernel FILE    the kernel that load_other loads

How to go on from there is on the page about recordings.

Exit code: 0, or 2 for bad arguments, a script with other steps, or where
nothing can be compiled.
`;

const DUMP_HELP = `Usage: lus dump FILE [FUNCTION] [options]

Prints what the compiler makes of code: its values, and for each statement the
operations that a run executes, with their numbers and where they jump to.

FUNCTION is a function of the file or of the kernel (luo_preserve_file), a
callback (memfd.freeze) or a scenario by its name; without one, everything of
the file is printed.

  --kernel NAME     take kernel code from this kernel (default: the default one,
                    with the layers that kernels of the file have)
  --format FORMAT   pretty (default) or json

Exit code: 0, or 2 for bad arguments, a missing file, a file with errors or a
function that is not there.
`;

const DAP_HELP = `Usage: lus dap [--port N]

Starts the debug adapter (Debug Adapter Protocol) on standard input and output,
or on a TCP port of this host.

  --port N          listen on 127.0.0.1:N
`;

const LSP_HELP = `Usage: lus lsp

Starts the language server (Language Server Protocol) on standard input and
output.
`;

const COMMANDS: ReadonlyMap<string, CommandEntry> = new Map([
    ['run', { summary: 'run scenarios', help: RUN_HELP, command: run }],
    ['check', { summary: 'check files without running them', help: CHECK_HELP, command: check }],
    ['fmt', { summary: 'lay files out', help: FMT_HELP, command: fmt }],
    ['explain', { summary: 'say what the code of a finding means', help: EXPLAIN_HELP, command: explain }],
    [
        'replay',
        { summary: 'compare recordings of a real kernel with the emulator', help: REPLAY_HELP, command: replay },
    ],
    ['inspect', { summary: 'look into the memory image of a handover', help: INSPECT_HELP, command: inspect }],
    ['compat', { summary: 'run a scenario from every kernel to every other one', help: COMPAT_HELP, command: compat }],
    ['import', { summary: 'write a recording of a real kernel as a scenario', help: IMPORT_HELP, command: importFile }],
    [
        'blackout',
        { summary: 'say how long guests stand still, under other costs too', help: BLACKOUT_HELP, command: blackout },
    ],
    ['record', { summary: 'prepare recording on a kernel of your own', help: RECORD_HELP, command: record }],
    ['dump', { summary: 'print what the compiler makes of code', help: DUMP_HELP, command: dump }],
    ['dap', { summary: 'start the debug adapter', help: DAP_HELP, command: dap }],
    ['lsp', { summary: 'start the language server', help: LSP_HELP, command: lsp }],
]);

const EXIT_USAGE = 2;
/** EX_SOFTWARE: the command itself is broken. */
const EXIT_BUG = 70;

function help(): string {
    const width = Math.max(...[...COMMANDS.keys()].map((n) => n.length));
    const lines = [...COMMANDS].map(([name, c]) => `  lus ${name.padEnd(width)}   ${c.summary}`);
    return `lus ${version}: debugs Linux live updates. Scenarios are .lus files.

${lines.join('\n')}

  lus COMMAND --help   what a command takes
  lus --version        the version
`;
}

/** Runs the command that the arguments name, and sets the process's exit code. */
export async function commandLine(argv: readonly string[]): Promise<void> {
    // A reader that has seen enough, as in `lus run … | head`, is no error.
    process.stdout.on('error', (e: NodeJS.ErrnoException) => {
        if (e.code === 'EPIPE') {
            process.exit();
        }
        process.stderr.write(`lus: standard output cannot be written: ${e.message}.\n`);
        process.exit(EXIT_USAGE);
    });
    const [name, ...args] = argv;
    try {
        process.exitCode = await dispatch(name, args);
    } catch (e) {
        if (!(e instanceof BadArguments)) {
            // Not thrown on: Node would print the whole line of the minified bundle.
            process.stderr.write(
                `lus: This is a bug in lus ${version}: ${e instanceof Error ? (e.stack ?? e.message) : String(e)}\n`,
            );
            process.exitCode = EXIT_BUG;
            return;
        }
        const more = name !== undefined && COMMANDS.has(name) ? `lus ${name} --help` : 'lus --help';
        complain(`lus: ${e.message}\nSee ${more}.\n`);
        process.exitCode = EXIT_USAGE;
    }
}

async function dispatch(name: string | undefined, args: readonly string[]): Promise<number> {
    if (name === undefined) {
        process.stderr.write(help());
        return EXIT_USAGE;
    }
    if (name === '--version' || name === '-v') {
        process.stdout.write(`${version}\n`);
        return 0;
    }
    if (name === '--help' || name === '-h' || name === 'help') {
        const entry = COMMANDS.get(args[0] ?? '');
        process.stdout.write(entry?.help ?? help());
        return 0;
    }
    const entry = COMMANDS.get(name);
    if (!entry) {
        throw new BadArguments(name.startsWith('-') ? `There is no option ${name}.` : `There is no command "${name}".`);
    }
    const end = args.indexOf('--');
    if (args.slice(0, end < 0 ? undefined : end).some((a) => a === '--help' || a === '-h')) {
        process.stdout.write(entry.help);
        return 0;
    }
    return await entry.command(args);
}
