import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['core/**/*.test.ts', 'plugins/**/*.test.ts', 'server/**/*.test.ts', 'test/**/*.test.ts'],
    exclude: ['dist/**', 'node_modules/**', 'var/**'],
    testTimeout: 180_000,
    hookTimeout: 180_000,
    // Nothing is judged by time: a busy machine is only waited for.
    expect: { poll: { timeout: 60_000 } },
  },
});
