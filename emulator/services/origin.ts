/** The kernels that contain a file of the kernel's own code. */
import { DESCRIPTIONS } from '../kernel/release/descriptions';
import { layerOfFile, titleOf } from '../kernel/release/layers';
import { STD_SCHEME } from '../std/texts';
import { listed } from '../text/text';
import { isLibrary } from './declarations';

/** One sentence about a file of the kernel's own code; undefined for any other file. */
export function originOf(uri: string): string | undefined {
    if (!isLibrary(uri)) {
        return undefined;
    }
    const name = uri.slice(STD_SCHEME.length + 1).replace(/\.lus$/, '');
    const layer = layerOfFile(name);
    if (layer) {
        return `Proposed. Kernels with \`layers ${layer.name}\` have it (${titleOf(layer)}: ${layer.summary}).`;
    }
    const kernels = [...DESCRIPTIONS.values()].filter((d) => d.library.includes(name)).map((d) => d.name);
    return kernels.length === 0
        ? undefined
        : kernels.length === DESCRIPTIONS.size
          ? 'Part of every kernel.'
          : `Part of the ${kernels.length === 1 ? 'kernel' : 'kernels'} ${listed(kernels)}.`;
}
