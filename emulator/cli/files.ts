/** Source files of the host for the emulator, which identifies them by URI only. */
import { fstatSync } from 'node:fs';
import * as path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { SourceHost } from '../language/load';
import { canonicalUri } from '../language/paths';
import { LineMap } from '../language/syntax/positions';
import { UsageError } from '../run/usage-error';
import { MOST_TEXT, readNamed, readOpen, Unreadable } from '../disk/read';
import { filesOnDisk, pathOf, textOf } from '../disk/source-files';
import { noteInput } from './output-file';
import { SHIPPED_SOURCES, STD_SCHEME } from '../std/texts';

/** Standard input, as an argument. */
const STDIN = '-';

export class Files implements SourceHost {
    private readonly disk = filesOnDisk();
    private readonly texts: Map<string, string | undefined>;
    private readonly maps = new Map<string, LineMap>();
    /** URIs by their displayed form. */
    private readonly shown = new Map<string, string>();

    /** @param texts of files that are not read from the disk, by URI */
    constructor(texts: ReadonlyMap<string, string> = new Map()) {
        this.texts = new Map(texts);
    }

    read(uri: string): string | undefined {
        const std = SHIPPED_SOURCES.get(uri);
        if (std !== undefined) {
            return std;
        }
        if (!this.texts.has(uri)) {
            this.texts.set(uri, this.disk.read(uri));
            this.note(uri);
        }
        return this.texts.get(uri);
    }

    readBytes(uri: string): Uint8Array | undefined {
        this.note(uri);
        return this.disk.readBytes(uri);
    }

    private note(uri: string): void {
        const file = pathOf(uri);
        if (file !== undefined) {
            noteInput(file);
        }
    }

    exists(uri: string): boolean {
        return this.disk.exists(uri);
    }

    /**
     * The URI of a file that the user named, or of standard input (`-`). Imports of the latter are relative to the
     * current folder.
     * @throws UsageError if it cannot be read
     */
    open(name: string): string {
        const uri = uriOf(name);
        if (!this.texts.has(uri)) {
            try {
                if (name === STDIN) {
                    this.texts.set(uri, textOf(readOpen(0, fstatSync(0), MOST_TEXT)));
                } else {
                    this.texts.set(uri, textOf(readNamed(name, MOST_TEXT)));
                    noteInput(name);
                }
            } catch (e) {
                throw new UsageError(unreadable(name, e));
            }
        }
        return uri;
    }

    /** A URI for people: a path relative to the current folder, or a path of the standard library. */
    display(uri: string): string {
        const text = this.displayed(uri);
        this.shown.set(text, uri);
        return text;
    }

    private displayed(uri: string): string {
        if (uri.startsWith(STD_SCHEME)) {
            return `std${uri.slice(STD_SCHEME.length)}`;
        }
        const absolute = fileURLToPath(uri);
        const relative = path.relative('', absolute);
        return relative.startsWith('..') || path.isAbsolute(relative) ? absolute : relative;
    }

    /** The lines of a file by its displayed form. */
    linesShownAs(file: string): LineMap {
        return this.lines(this.shown.get(file) ?? uriShownAs(file));
    }

    /** The text of standard input, if it was read, by its URI. */
    get unreadable(): ReadonlyMap<string, string> {
        const uri = uriOf(STDIN);
        const text = this.texts.get(uri);
        return new Map(text === undefined ? [] : [[uri, text]]);
    }

    /** The files on disk that were read. */
    get onDisk(): readonly string[] {
        return [...this.texts.keys()].flatMap((uri) => {
            const file = pathOf(uri);
            return file === undefined || uri === uriOf(STDIN) ? [] : [file];
        });
    }

    lines(uri: string): LineMap {
        let map = this.maps.get(uri);
        if (!map) {
            map = new LineMap(this.read(uri) ?? '');
            this.maps.set(uri, map);
        }
        return map;
    }
}

function uriOf(name: string): string {
    return canonicalUri(pathToFileURL(path.resolve(name)).href);
}

/** The inverse of {@link Files.display}, for places that another thread or an earlier run has reported. */
function uriShownAs(file: string): string {
    const shipped = `${STD_SCHEME}${file.slice('std'.length)}`;
    return file.startsWith('std/') && SHIPPED_SOURCES.has(shipped) ? shipped : uriOf(file);
}

export function unreadable(name: string, e: unknown): string {
    if (e instanceof Unreadable) {
        return `${name} ${e.message}.`;
    }
    const code = e instanceof Error && 'code' in e ? e.code : undefined;
    switch (code) {
        case 'ENOENT':
        case 'ENOTDIR':
            return `There is no file ${name}.`;
        case 'EISDIR':
            return `${name} is a folder. Name the .lus files in it.`;
        case 'EACCES':
        case 'EPERM':
            return `You have no permission to read ${name}.`;
        default:
            return `${name} cannot be read: ${e instanceof Error ? e.message : String(e)}.`;
    }
}
