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
import { command as examples } from './examples';
import { command as explain } from './explain';
import { command as explore } from './explore';
import { command as fmt } from './fmt';
import { command as importFile } from './import';
import { command as inspect } from './inspect';
import { command as lsp } from './lsp';
import { command as create } from './new';
import { BadArguments, type Command } from './options';
import { complain } from './print';
import { command as record } from './record';
import { command as replay } from './replay';
import { command as report } from './report-command';
import { command as run } from './run';
import { command as view } from './view';
import { command as worker } from './worker';

interface CommandEntry {
    readonly summary: string;
    /** The page that `--help` prints. */
    readonly help: string;
    readonly command: Command;
}

const RUN_HELP = `Usage: lus run FILE... [options]

Runs every scenario of the files, each on its own machine. For a failure it
prints the place and the reason. FILE is a file, a folder, a pattern such as
'tests/**/*.lus', or - for standard input. lus.config.json in the current folder
may set files and options.

  --scenario NAME   run only this scenario; may be given several times
  --kernel NAME     use this kernel as the default kernel of scenarios
  --seed N          seed of the scheduler for concurrent processes (default 0)
  --choices FILE    make these choices: a line of FILE is one, as lus explore
                    prints them
  --seeds A..B      run with each of these seeds
  --shard I/N       run only part I of N
  --jobs N          run on N threads (default 1)
  --bail            stop at the first failure
  --timeout TIME    fail a scenario that takes longer: 30s
  --virtual-timeout TIME  the same in the time of the emulated machine
  --strict          fail a scenario with unexpected diagnoses (a leak, a
                    dangling pointer ...)
  --watch           run again whenever a file changes

  --format FORMAT   pretty (default), tap, junit or json
  --report KIND=FILE  also write a report: junit, json, html, sarif, tap or
                    pretty; github prints annotations; may be given several times
  --baseline FILE   a report in JSON: fail if a blackout is longer than there
  --tolerance P     the percentage by which it may be longer (default 0)
  --coverage FILE   write which handlers and statements were reached (lcov)
  --log             also print the kernel log
  --trace FILE      write a trace of phases, system calls and callbacks (for
                    https://ui.perfetto.dev or chrome://tracing)
  --trace-memory    with --trace: also write the memory by owner at each kexec
                    and at the end, for lus view
  --save-handover FILE  write the handover of each kexec as a memory image (ELF
                    core; FILE.gz is compressed); the second goes to FILE-2,
                    and so on
  --whole-memory    with --save-handover: write all of memory
  --save-vmcore FILE  write what each save_vmcore() of a capture kernel saves, in
                    the same way

Exit code: 0 all scenarios passed, 1 a scenario failed or a blackout is too long,
2 bad arguments, a missing file or a file with errors.
`;

const REPORT_HELP = `Usage: lus report merge FILE... [options]

Joins reports that lus run --report json=FILE has written, for example those of
several shards, and prints or writes other reports from them. It also joins the
state files of lus explore --shard; --state FILE writes the joined one, and
-o FILE the counterexamples.

  --format FORMAT   pretty (default), tap, junit or json
  --report KIND=FILE  write a report: junit, json, html, sarif, tap or pretty;
                    github prints annotations; may be given several times
  --baseline FILE   a report in JSON: fail if a blackout is longer than there
  --tolerance P     the percentage by which it may be longer (default 0)

Exit code: as for lus run.
`;

const VIEW_HELP = `Usage: lus view FILE [FILE] [options]

Runs a scenario and writes a web page that stands alone, with two views of the
run: its timeline (phases with the blackout, system calls, callbacks, processes,
vCPUs, devices, findings), and its physical memory by owner before each kexec
and at the end. FILE can also be a trace that lus run --trace FILE.json has
written; the page has memory if the trace was written with --trace-memory.
With two files, or an option given twice, it draws two runs above each other,
aligned at their first kexec.

  -o, --output FILE  the page to write (default: timeline.html)
  --format FORMAT    html (default), or json on the standard output: the
                     timeline only
  --scenario NAME    the scenario, if the file has several
  --kernel NAME      use this kernel as the default kernel of the scenario
  --seed N           seed of the scheduler for concurrent processes (default 0)

Exit code: 0 all runs passed or are traces, 1 one failed (the page is written),
2 bad arguments, a missing file or a file with errors.
`;

const CHECK_HELP = `Usage: lus check FILE... [options]

Checks files without running them.

  --format FORMAT   pretty (default) or json

Exit code: 0 no errors (there may be warnings), 1 at least one error, 2 bad
arguments or a missing file.
`;

const FMT_HELP = `Usage: lus fmt FILE... [options]

Formats files: indentation, spaces, blank lines. Line breaks and alignment are
kept. Prints the files that it changes. A file with syntax errors is not
changed.

  --check           do not change files

Exit code: 0 done, 1 a file has syntax errors or, with --check, would change,
2 bad arguments or a missing file.
`;

const EXPLAIN_HELP = `Usage: lus explain CODE...

Prints the meaning of a finding's code and what to do: LU0203 of lus check,
LU1003 of lus run.

Exit code: 0, or 2 for a code that does not exist.
`;

const EXPLORE_HELP = `Usage: lus explore FILE [options]

Tries everything that could happen in the scenarios of a file, and prints the
outcomes, what breaks a rule, and what was tried.

  --orders            every order of the processes of a \`concurrently\`
  --timers            every order of timers that are due at the same moment
  --delays            let events of devices and guests happen early or late:
                      after a system call, in a callback, before the jump
  --crash PROCESS     kill this process after each of its system calls; * for
                      every process
  --fail CALLBACK     let a callback, an allocation or a reply fail: memfd.*,
                      *.freeze, page_alloc, copy_to_user; * for all
  --errors E,...      the errors of a callback that fails (default EIO)
  --kernels NAME,...  let each kexec_file_load load these kernels, too: 7.2,7.3
  --panic             let the kernel panic after each system call and in each
                      callback
  --power-cut         let the machine lose its power there
  --flips FIELD       flip the lowest and the highest bit of each field of what is
                      handed over, on the way: luo_session_ser.*; * for all
  --profile NAME      crashes, failures, orders, losses, flips, all (of these without
                      flips), or an explore NAME { } of the scenario
  --faults N          the most faults of a course (default 1)
  --switches N        the most switches of a course from a process that could
                      continue (default: any number)
  --budget TIME       stop after 60s, 5m or 1h
  --state FILE        keep there how far the search is, and go on from there
  --shard I/N         do only part I of N; lus report merge joins the state files
  --jobs N            search on N threads (default: all cores)
  --queue URL         let lus worker --queue URL do the work, on any machine; URL
                      is a Redis or Valkey server: redis://localhost:6379
  --memory SIZE       for the states that were seen: 512M (default), 4G ...
  --progress          print how far it is as lines of JSON on standard error
  --scenario NAME     explore only this scenario
  --kernel NAME       use this kernel as the default kernel of scenarios
  --format FORMAT     pretty (default) or json
  -o, --output FILE   write the smallest counterexample as a scenario; the second
                      goes to FILE-2, and so on

Exit code: 0 the search is complete and finds no violation, 1 there is a
violation, 2 bad arguments, a missing file or a file with errors, 3 there is
none, but the search is incomplete.
`;

const WORKER_HELP = `Usage: lus worker --queue URL

Does the work of lus explore --queue URL until it is interrupted. Start one for
each core. Both need the packages bullmq and ioredis in the current folder or
where lus is installed.

  --queue URL       a Redis or Valkey server: redis://localhost:6379

Exit code: 0 it was interrupted, 2 bad arguments or a missing package.
`;

const EXAMPLES_HELP = `Usage: lus examples [DIR]

Writes the example scenarios to the new folder DIR, by default
live-update-examples. Its README.md says which one shows what.

Exit code: 0, or 2 if the folder exists already or cannot be written.
`;

const NEW_HELP = `Usage: lus new handler|agent|scenario NAME

Writes NAME.lus, which runs:

  handler    a kind of file, its handler, a kernel with it, and scenarios that
             test them
  agent      an agent that holds sessions, and scenarios that crash it
  scenario   an update with one session and one memfd

Exit code: 0, or 2 for bad arguments or if the file exists already.
`;

const REPLAY_HELP = `Usage: lus replay FILE... [options]

Replays recordings of a real kernel in the emulator and compares results,
errors, names, sizes, hashes and the kernel log.

  --format FORMAT   pretty (default) or json

Exit code: 0 all lines match, 1 a line differs, 2 bad arguments, a missing file
or an invalid recording.
`;

const INSPECT_HELP = `Usage: lus inspect IMAGE [options]

Shows the handover in a memory image (ELF core, optionally compressed with
gzip): root FDT, scratch areas, preserved memory, sessions, files and FLBs. Also
reports errors in it.

  --fdt ADDRESS            address of the root FDT (default: search for it)
  --format FORMAT          pretty (default) or json
  --extract SESSION/TOKEN  write the contents of a memfd to the file of -o
  -o, --output FILE        the file for --extract

Exit code: 0 no findings, 1 at least one, 2 bad arguments or an unreadable file.
`;

const COMPAT_HELP = `Usage: lus compat FILE [options]

Runs the scenarios of a file for every pair of kernels: the first kernel of the
pair replaces every kernel that a scenario boots, the second every kernel that
it loads. Prints the outcome of each update and its reason.

  --kernels A,B,...  the kernels (default: every release)
  --scenario NAME    run only this scenario; may be given several times
  --format FORMAT    pretty (default) or json

Exit code: 0 every pair works, 1 some do not, 2 bad arguments, a missing file
or a file with errors.
`;

const IMPORT_HELP = `Usage: lus import FILE.jsonl [-o FILE.lus]

Converts a recording of a real kernel to a scenario: its steps become statements,
its results become \`fails\` and \`assert\`.

  -o, --output FILE   the file to write (default: standard output)

Exit code: 0, or 2 for bad arguments, a missing file or an invalid recording.
`;

const BLACKOUT_HELP = `Usage: lus blackout FILE [options]

Runs scenarios with different costs, and prints the blackout of each run and its
largest parts.

  --vary KEY=A,B,C  run with each of these values of a cost, for example
                    preserve_folio=80ns,1us; several --vary run every combination
  --scenario NAME   run only this scenario; may be given several times
  --kernel NAME     use this kernel as the default kernel of scenarios
  --seed N          seed of the scheduler for concurrent processes (default 0)
  --format FORMAT   pretty (default) or json

Exit code: 0 every run passed, 1 a run failed, 2 bad arguments, a missing file or
a file with errors.
`;

const RECORD_HELP = `Usage: lus record --build DIR [options]

Builds the recorder, a small program that runs the steps of a script on the
running kernel and writes a recording for lus replay. It runs as an ordinary
program, as root on a test machine, or as PID 1 in a virtual machine.

  --build DIR            compile it to DIR/recorder
  --cc CC                the C compiler (default: CC of the environment, or cc)
  --script FILE          the steps, one per line, or a recording to repeat; the
                         script is written to DIR/script, without --build to
                         standard output
  --kernel FILE          create DIR/initramfs.cpio with the recorder, the script
                         and this kernel, which the kexec loads
  --other-kernel FILE    the kernel that load_other loads

The page about recordings describes the next steps.

Exit code: 0, or 2 for bad arguments, an invalid script or a failed compilation.
`;

const DUMP_HELP = `Usage: lus dump FILE [FUNCTION] [options]

Prints compiled code: its slots, and for each statement its operations with their
numbers and jump targets.

FUNCTION is a function of the file or of the kernel (luo_preserve_file), a
callback (memfd.freeze) or the name of a scenario. The default is all code of the
file.

  --kernel NAME     print the code of this kernel (default: the default kernel,
                    with the layers of the kernels in the file)
  --format FORMAT   pretty (default) or json

Exit code: 0, or 2 for bad arguments, a missing file, a file with errors or an
unknown function.
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
    ['new', { summary: 'write the start of a handler, an agent or a scenario', help: NEW_HELP, command: create }],
    ['examples', { summary: 'write the examples to a folder', help: EXAMPLES_HELP, command: examples }],
    ['view', { summary: 'write timeline and memory of a run as a web page', help: VIEW_HELP, command: view }],
    ['report', { summary: 'join the reports of several runs', help: REPORT_HELP, command: report }],
    ['check', { summary: 'check files without running them', help: CHECK_HELP, command: check }],
    ['fmt', { summary: 'format files', help: FMT_HELP, command: fmt }],
    ['explain', { summary: 'explain the code of a finding', help: EXPLAIN_HELP, command: explain }],
    ['explore', { summary: 'try everything that could happen', help: EXPLORE_HELP, command: explore }],
    ['worker', { summary: 'explore for others', help: WORKER_HELP, command: worker }],
    [
        'replay',
        { summary: 'compare recordings of a real kernel with the emulator', help: REPLAY_HELP, command: replay },
    ],
    ['inspect', { summary: 'show the handover in a memory image', help: INSPECT_HELP, command: inspect }],
    ['compat', { summary: 'run scenarios for every pair of kernels', help: COMPAT_HELP, command: compat }],
    [
        'import',
        { summary: 'convert a recording of a real kernel to a scenario', help: IMPORT_HELP, command: importFile },
    ],
    ['blackout', { summary: 'measure the blackout, also with other costs', help: BLACKOUT_HELP, command: blackout }],
    ['record', { summary: 'build the recorder for your own kernel', help: RECORD_HELP, command: record }],
    ['dump', { summary: 'print compiled code', help: DUMP_HELP, command: dump }],
    ['dap', { summary: 'start the debug adapter', help: DAP_HELP, command: dap }],
    ['lsp', { summary: 'start the language server', help: LSP_HELP, command: lsp }],
]);

const EXIT_USAGE = 2;
/** EX_SOFTWARE: a bug in the command. */
const EXIT_BUG = 70;

function help(): string {
    const width = Math.max(...[...COMMANDS.keys()].map((n) => n.length));
    const lines = [...COMMANDS].map(([name, c]) => `  lus ${name.padEnd(width)}   ${c.summary}`);
    return `lus ${version}: debugs Linux live updates. Scenarios are .lus files.

${lines.join('\n')}

  lus COMMAND --help   show the options of a command
  lus --version        show the version
`;
}

/** Runs the command that the arguments name, and sets the process's exit code. */
export async function commandLine(argv: readonly string[]): Promise<void> {
    // A reader that closes the pipe, as in `lus run … | head`, is not an error.
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
            // Not rethrown, because Node would print the whole line of the minified bundle.
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
