/** Shipped texts as editors show them: they are read-only and get no findings. */
import { percentDecoded } from '../text/text';
import { DESCRIPTIONS } from '../kernel/release/descriptions';
import { layerNamed, layersOf, layerOfFile, withLayers, NO_LAYERS } from '../kernel/release/layers';
import type { Program } from '../language/program';
import { standardLibrary } from '../runtime/standard-library';
import { LIBRARY_SOURCES, SHIPPED_SOURCES, STD_SCHEME } from '../std/texts';

/**
 * The URI of the shipped text that a file shows: clients give it URIs of their own (`debug:lus-std:/memfd.lus?…`,
 * `dap-src://1/1/lus-std:/memfd.lus`), and some write it to a folder.
 */
export function shippedUri(uri: string, text: string): string | undefined {
    // VS Code writes the colon of the path as %3A
    const plain = percentDecoded(uri.replace(/[?#].*$/, ''));
    const at = plain.indexOf(`${STD_SCHEME}/`);
    const path = at < 0 ? undefined : plain.slice(at);
    if (path !== undefined && SHIPPED_SOURCES.has(path)) {
        return path;
    }
    const name = plain.slice(plain.lastIndexOf('/') + 1);
    const known = `${STD_SCHEME}/${name}`;
    return SHIPPED_SOURCES.get(known) === text ? known : undefined;
}

/** The checked kernel that a file of the kernel's own code is part of; undefined if it is part of none. */
export function kernelWith(uri: string): Program | undefined {
    if (!LIBRARY_SOURCES.has(uri)) {
        return undefined;
    }
    const name = uri.slice(STD_SCHEME.length + 1).replace(/\.lus$/, '');
    const layer = layerOfFile(name);
    const libraries = [...DESCRIPTIONS.values()].map((d) => d.library);
    const newest = DESCRIPTIONS.get('7.2')?.library ?? [];
    const library = layer
        ? withLayers(newest, layersOf(withNeeds(layer.name, new Set(NO_LAYERS))))
        : [newest, ...libraries].find((l) => l.includes(name));
    return library && standardLibrary(library);
}

function withNeeds(name: string, all: Set<string>): Set<string> {
    all.add(name);
    for (const needed of layerNamed(name)?.needs ?? []) {
        withNeeds(needed, all);
    }
    return all;
}
