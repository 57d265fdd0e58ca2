"""Kafka's jars and the Java that runs them. Maven fetches the jars, once per user, from where its own configuration says."""

import os
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from shared.embedded import ROOT_HOME, CannotStart

VERSION = "4.3.1"
OLDEST_JAVA = 17

_COPY_JARS = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"
_OR_ELSEWHERE = "or set KAFKA_BOOTSTRAP_SERVERS to a broker that runs elsewhere"

_POM = f"""<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>rollbook</groupId>
  <artifactId>embedded-kafka</artifactId>
  <version>{VERSION}</version>
  <packaging>pom</packaging>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>{VERSION}</version>
    </dependency>
    <dependency>
      <groupId>org.apache.kafka</groupId><artifactId>kafka-tools</artifactId><version>{VERSION}</version>
      <exclusions>
        <exclusion><groupId>org.apache.kafka</groupId><artifactId>connect-runtime</artifactId></exclusion>
      </exclusions>
    </dependency>
    <dependency>
      <groupId>org.apache.logging.log4j</groupId><artifactId>log4j-slf4j-impl</artifactId><version>2.25.4</version>
    </dependency>
  </dependencies>
</project>
"""

_SMALL_AND_QUICK = ["-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData", "-Xlog:cds*=off"]


def default_cache() -> Path:
    """Where this user's jars are kept."""
    if os.geteuid() == 0:
        return ROOT_HOME / f"kafka-{VERSION}"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "rollbook" / f"kafka-{VERSION}"


@dataclass(frozen=True)
class KafkaPrograms:
    """What is needed to run Kafka's server and its tools."""

    java: str
    release: str
    """Java's version, in its own words."""
    home: Path
    """The folder of the jars."""

    @classmethod
    def find(cls, home: Path) -> "KafkaPrograms":
        """Fetches the jars where `home` is not there yet. Raises CannotStart."""
        java, release = _find_java()
        if not home.exists():
            _fetch(home)
        return cls(java, release, home)

    @property
    def classpath(self) -> str:
        return os.pathsep.join(str(jar) for jar in sorted(self.home.glob("*.jar")))

    @property
    def archive(self) -> Path:
        """Java's archive of loaded classes: it halves the time of a start. One that does not fit is ignored by Java."""
        return self.home / f"java-{self.release}.jsa"

    def keep_archive(self, made: Path) -> None:
        """Move what a program has left there (`-XX:ArchiveClassesAtExit`) to where the next one looks for it."""
        handle, beside = tempfile.mkstemp(dir=self.home)
        os.close(handle)
        shutil.copyfile(made, beside)
        Path(beside).rename(self.archive)
        made.unlink()

    def command(self, main: str, *arguments: str, flags: tuple[str, ...] = ()) -> list[str]:
        """How the class `main` is run, as `org.apache.kafka.tools.consumer.ConsoleConsumer`; `flags` are Java's."""
        shared = [f"-XX:SharedArchiveFile={self.archive}"] if self.archive.exists() else []
        return [self.java, *_SMALL_AND_QUICK, *shared, *flags, "-cp", self.classpath, main, *arguments]


def _find_java() -> tuple[str, str]:
    home = os.environ.get("JAVA_HOME")
    java = shutil.which("java", path=str(Path(home, "bin"))) if home else shutil.which("java")
    said = subprocess.run([java, "-version"], check=False, capture_output=True, text=True).stderr if java else ""
    version = re.search(r'version "((\d+)[^"]*)"', said)
    if java is None or version is None:
        raise CannotStart(
            f"No Java was found {f'in JAVA_HOME ({home})' if home else 'here'}, and Kafka needs {OLDEST_JAVA} or newer. Install "
            f"a Java runtime (Debian: openjdk-{OLDEST_JAVA}-jre-headless), {_OR_ELSEWHERE}."
        )
    if int(version[2]) < OLDEST_JAVA:
        raise CannotStart(
            f"{java} is Java {version[1]}, and Kafka needs {OLDEST_JAVA} or newer. Install one and set JAVA_HOME to it, "
            f"{_OR_ELSEWHERE}."
        )
    return java, version[1]


def _fetch(home: Path) -> None:
    """Beside its final place: a fetch that was killed is made again, and of two at once the first stays."""
    maven = shutil.which("mvn")
    if maven is None:
        raise CannotStart(
            f"Maven (mvn), which downloads Kafka {VERSION} once, was not found. Install it (Debian: maven), {_OR_ELSEWHERE}."
        )
    try:
        home.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=home.parent, prefix=f"{home.name}.") as folder:
            Path(folder, "pom.xml").write_text(_POM)
            _run_maven(maven, folder)
            Path(folder, "jars").rename(home)
    except OSError as error:
        if not home.exists():
            raise CannotStart(
                f"Kafka's jars cannot be stored in {home}: {error}. Set XDG_CACHE_HOME to another folder."
            ) from error


def _run_maven(maven: str, folder: str) -> None:
    quietly = ["--quiet", "--batch-mode", "--strict-checksums"]
    done = subprocess.run(
        [maven, *quietly, _COPY_JARS, "-DoutputDirectory=jars", "-DincludeScope=runtime"],
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=folder,
    )
    if done.returncode or not any(Path(folder).glob("jars/kafka_*.jar")):
        raise CannotStart(
            f"Maven could not fetch Kafka {VERSION}. Make its repository reachable (a proxy or a mirror is set in Maven's own "
            f"settings.xml), {_OR_ELSEWHERE}. The end of its output:\n{_last_words(done.stdout)}"
        )


def _last_words(said: str) -> str:
    """Without colours, empty lines, and what Maven says after every error."""
    lines = re.sub(r"\x1b\[[0-9;]*m", "", said).splitlines()
    advice = re.compile(r"(\[ERROR\])? *$|\[ERROR\] (To see the full|Re-run Maven|For more information|\[Help)")
    return "\n".join([line for line in lines if not advice.match(line)][-10:])
