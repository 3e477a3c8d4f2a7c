/** The files of a program, read through the editor before the program starts: the emulator cannot wait for them. */
import * as vscode from 'vscode';
import type { SourceHost } from '../../emulator/language/load';
import { isBeside, uriBeside } from '../../emulator/language/paths';
import type { SourceFile } from '../../emulator/language/syntax/ast';
import { parse } from '../../emulator/language/syntax/parser';
import { isRecording } from '../../emulator/recording/program';
import { forEachLeaf, isKind } from '../../emulator/services/nodes';
import { unpacked } from './gzip';

export class ProgramFiles implements SourceHost {
    private readonly texts = new Map<string, string>();
    private readonly images = new Map<string, Uint8Array>();

    read(uri: string): string | undefined {
        return this.texts.get(uri);
    }

    readBytes(uri: string): Uint8Array | undefined {
        return this.images.get(uri);
    }

    exists(uri: string): boolean {
        return this.texts.has(uri) || this.images.has(uri);
    }

    clear(): void {
        this.texts.clear();
        this.images.clear();
    }

    /** Reads a file with all that it imports, and the memory images that these boot from. */
    async loadProgram(uri: string): Promise<void> {
        const open = [uri];
        for (let next = open.pop(); next !== undefined; next = open.pop()) {
            const bytes = this.texts.has(next) ? undefined : await contentsOf(next);
            if (!bytes) {
                continue;
            }
            const text = new TextDecoder().decode(bytes);
            this.texts.set(next, text);
            if (!isRecording(next)) {
                const { file } = parse(next, text);
                open.push(...importsIn(file));
                await Promise.all(imagesIn(file).map((image) => this.loadImage(image)));
            }
        }
    }

    async loadImage(uri: string): Promise<void> {
        const bytes = await contentsOf(uri);
        if (bytes) {
            this.images.set(uri, await unpacked(bytes));
        }
    }
}

async function contentsOf(uri: string): Promise<Uint8Array | undefined> {
    try {
        return await vscode.workspace.fs.readFile(vscode.Uri.parse(uri));
    } catch {
        return undefined; // there is no such file
    }
}

function importsIn(file: SourceFile): string[] {
    return file.items.flatMap((item) =>
        item.kind === 'import' && !item.shipped && isBeside(item.path.value)
            ? // the second is for the error: `import "nic"` suggests nic.lus
              [uriBeside(file.uri, item.path.value), uriBeside(file.uri, `${item.path.value}.lus`)]
            : [],
    );
}

function imagesIn(file: SourceFile): string[] {
    const found: string[] = [];
    forEachLeaf(file, ({ node, above: [boot] }) => {
        if (isKind(node, 'string') && isKind(boot, 'boot') && boot.image === node && isBeside(node.value)) {
            found.push(uriBeside(file.uri, node.value));
        }
    });
    return found;
}
