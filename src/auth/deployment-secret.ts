import { randomBytes } from 'node:crypto';
import type { PrismaService } from '../database/index.js';

const NAME = 'root';
const SECRET_BYTES = 32;

/** The secret that all instances on this database share; the first one to ask makes it. Keys are derived from it, one per purpose. */
export async function loadDeploymentSecret(prisma: PrismaService): Promise<Uint8Array> {
  const existing = await prisma.deploymentSecret.findUnique({ where: { name: NAME } });
  if (existing) return existing.value;
  await prisma.deploymentSecret.createMany({ data: [{ name: NAME, value: randomBytes(SECRET_BYTES) }], skipDuplicates: true });
  return (await prisma.deploymentSecret.findUniqueOrThrow({ where: { name: NAME } })).value; // perhaps another instance's
}
