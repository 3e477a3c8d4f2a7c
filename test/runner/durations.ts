/** How long tasks took the last time, so that the long ones begin first. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import * as path from 'node:path';
import { z } from 'zod';
import { inRepository } from '../support/repository';

const FILE = inRepository('.build', 'durations.json');

const schema = z.record(z.string(), z.number());

function kept(): Record<string, number> {
    try {
        return schema.parse(JSON.parse(readFileSync(FILE, 'utf8')));
    } catch {
        return {};
    }
}

export class Durations {
    private readonly before = kept();
    private readonly now: Record<string, number> = {};

    /** Seconds; whatever nobody knows may take for ever. */
    of({ name }: { readonly name: string }): number {
        return this.before[name] ?? Number.MAX_VALUE;
    }

    keep({ name }: { readonly name: string }, seconds: number): void {
        this.now[name] = seconds;
    }

    save(): void {
        mkdirSync(path.dirname(FILE), { recursive: true });
        writeFileSync(FILE, JSON.stringify({ ...this.before, ...this.now }, undefined, 1));
    }
}
