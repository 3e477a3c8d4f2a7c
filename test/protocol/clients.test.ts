/**
 * Debug sessions as clients other than VS Code have them with `lus dap`: what nvim-dap, dape, vimspector and Helix
 * send, taken from their sources, and the files for them in extension/editors.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import type { DebugProtocol } from '@vscode/debugprotocol';
import { z } from 'zod';
import { SHIPPED_SOURCES } from '../../emulator/std/texts';
import { Client, line, UPDATE } from '../support/dap-client';
import { LUS } from '../support/lus';
import { inRepository } from '../support/repository';

type Initialize = Omit<DebugProtocol.InitializeRequestArguments, 'adapterID'>;

const PATHS = { pathFormat: 'path', linesStartAt1: true, columnsStartAt1: true } as const;

/** The arguments of `initialize`. */
const CLIENTS = {
    'nvim-dap': {
        ...PATHS,
        clientID: 'neovim',
        clientName: 'neovim',
        supportsRunInTerminalRequest: true,
        supportsVariableType: true,
        supportsProgressReporting: true,
        supportsStartDebuggingRequest: true,
        locale: 'en_US.UTF-8',
    },
    dape: {
        ...PATHS,
        clientID: 'dape',
        supportsRunInTerminalRequest: true,
        supportsMemoryReferences: true,
        supportsVariableType: true,
        supportsStartDebuggingRequest: true,
    },
    vimspector: {
        ...PATHS,
        clientID: 'vimspector',
        clientName: 'vimspector',
        locale: 'en_GB',
        supportsVariableType: true,
        supportsVariablePaging: false,
        supportsRunInTerminalRequest: true,
        supportsMemoryReferences: true,
    },
    Helix: {
        ...PATHS,
        clientID: 'hx',
        clientName: 'helix',
        locale: 'en-us',
        supportsVariableType: true,
        supportsVariablePaging: false,
        supportsRunInTerminalRequest: true,
        supportsMemoryReferences: false,
        supportsProgressReporting: false,
        supportsInvalidatedEvent: false,
    },
} as const satisfies Record<string, Initialize>;

const CAPABILITIES = z.object({ exceptionBreakpointFilters: z.array(z.object({ filter: z.string() })) });
const BREAKPOINTS = z.object({ breakpoints: z.array(z.object({ verified: z.boolean() })) });
const SOURCE = z.object({ content: z.string() });

suite('debug adapter: other clients', () => {
    let client: ReturnType<typeof Client.process>;
    let folder: string;

    setup(() => {
        folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'lus-clients-')));
        client = Client.process(LUS, 'dap');
    });

    teardown(() => {
        client.close();
        rmSync(folder, { recursive: true });
    });

    /** Up to the stop on entry, with a breakpoint in the freeze callback of update.lus. @returns the filters */
    async function begin(name: keyof typeof CLIENTS, more: object = {}): Promise<readonly string[]> {
        const capabilities = CAPABILITIES.parse(await client.ok('initialize', { adapterID: 'lus', ...CLIENTS[name] }));
        const filters = capabilities.exceptionBreakpointFilters.map(({ filter }) => filter);
        await client.ok('launch', {
            type: 'lus',
            request: 'launch',
            name: 'Debug the scenario file',
            program: UPDATE,
            stopOnEntry: true,
            ...more,
        });
        await client.event('initialized');
        const breakpoints = await client.ok('setBreakpoints', {
            source: { path: UPDATE, name: 'update.lus' },
            breakpoints: [{ line: line('in freeze') }],
            lines: [line('in freeze')],
            sourceModified: false,
        });
        assert.ok(BREAKPOINTS.parse(breakpoints).breakpoints[0]?.verified);
        await client.ok('setExceptionBreakpoints', { filters: [] });
        await client.ok('configurationDone');
        await client.ok('threads');
        assert.equal((await client.stopped()).reason, 'entry');
        return filters;
    }

    /** Continues to the callback. @returns the stack's frames in kernel code */
    async function kernelFrames(): Promise<DebugProtocol.StackFrame[]> {
        const { threadId } = await client.goes('continue');
        const frames = await client.frames(threadId);
        for (const { variablesReference } of await scopesOf(frames[0]?.id)) {
            await client.variables(variablesReference);
        }
        const kernel = frames.filter(({ source }) => source?.path !== UPDATE && source !== undefined);
        assert.ok(kernel.length > 0, 'a callback is called by kernel code');
        return kernel;
    }

    async function scopesOf(frameId: number | undefined): Promise<{ readonly variablesReference: number }[]> {
        const scopes = z.object({ scopes: z.array(z.object({ variablesReference: z.number() })) });
        return scopes.parse(await client.ok('scopes', { frameId })).scopes;
    }

    /** A breakpoint on the line of a frame, with the source as the client has it. */
    async function bindsAt(frame: DebugProtocol.StackFrame, source: DebugProtocol.Source): Promise<void> {
        const breakpoints = await client.ok('setBreakpoints', { source, breakpoints: [{ line: frame.line }] });
        assert.ok(BREAKPOINTS.parse(breakpoints).breakpoints[0]?.verified, JSON.stringify(source));
    }

    /** @param how the arguments of `disconnect` */
    async function leave(how: object): Promise<void> {
        await client.ok('disconnect', how);
        const code = await new Promise((resolve) => client.child.once('exit', resolve));
        assert.equal(code, 0);
    }

    test('nvim-dap: kernel code by request, and a breakpoint by the name of its buffer', async () => {
        await begin('nvim-dap');
        const [frame] = await kernelFrames();
        const source = frame?.source;
        assert.ok(frame && source?.path !== undefined && source.sourceReference !== undefined);
        const body = await client.ok('source', { source, sourceReference: source.sourceReference });
        assert.equal(SOURCE.parse(body).content, SHIPPED_SOURCES.get(source.path));
        await bindsAt(frame, { path: `dap-src://1/${source.sourceReference}/${source.path}`, name: 'kernel.lus' });
        await leave({ restart: false, terminateDebuggee: true });
    });

    test('dape: a page of the stack at a time, and a breakpoint by the reference', async () => {
        await begin('dape');
        const [frame] = await kernelFrames();
        assert.ok(frame?.source);
        const page = await client.ok('stackTrace', { threadId: 1, startFrame: 0, levels: 1 });
        assert.equal(z.object({ stackFrames: z.array(z.unknown()) }).parse(page).stackFrames.length, 1);
        await client.ok('source', { source: frame.source, sourceReference: frame.source.sourceReference });
        await bindsAt(frame, frame.source);
        await client.ok('evaluate', { expression: '1 + 2', context: 'repl', frameId: frame.id });
        await leave({ restart: false });
    });

    test('vimspector: all of the exceptions that its file answers for, function breakpoints, watches', async () => {
        const filters = await begin('vimspector');
        const file = z.object({
            configurations: z.record(
                z.string(),
                z.object({ breakpoints: z.object({ exception: z.record(z.string(), z.string()) }) }),
            ),
        });
        const text = readFileSync(inRepository('extension', 'editors', 'vimspector.json'), 'utf8');
        for (const { breakpoints } of Object.values(file.parse(JSON.parse(text)).configurations)) {
            assert.deepEqual(Object.keys(breakpoints.exception), filters);
        }
        await client.ok('setFunctionBreakpoints', { breakpoints: [{ name: 'memfd.freeze' }] });
        await client.ok('setExceptionBreakpoints', { filters: filters.slice(0, 1), filterOptions: [] });
        const frames = await kernelFrames();
        await client.ok('evaluate', { expression: '0x10 * 4', context: 'watch', frameId: frames[0]?.id });
        await leave({ terminateDebuggee: true });
    });

    test('Helix: kernel code as files, and breakpoints in them', async () => {
        const kernelSources = path.join(folder, 'kernel code');
        await begin('Helix', { kernelSources });
        const [frame] = await kernelFrames();
        const source = frame?.source;
        assert.ok(frame && source?.path !== undefined);
        assert.equal(source.sourceReference, undefined);
        assert.equal(path.dirname(source.path), kernelSources);
        assert.equal(readFileSync(source.path, 'utf8'), SHIPPED_SOURCES.get(`lus-std:/${path.basename(source.path)}`));
        await bindsAt(frame, { path: source.path });
        await leave({});
    });

    test('a folder for kernel code that cannot be written is refused', async () => {
        await client.ok('initialize', { adapterID: 'lus', ...CLIENTS.Helix });
        const message = await client.fails('launch', { program: UPDATE, kernelSources: `${UPDATE}/folder` });
        assert.match(message, /^"kernelSources": .*folder cannot be written: /);
        assert.ok(!existsSync(`${UPDATE}/folder`));
    });
});
