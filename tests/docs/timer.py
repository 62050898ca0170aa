import sys, time

def tick(seconds):
    for left in range(seconds, 0, -1):
        yield left

if __name__ == "__main__":
    for left in tick(int(sys.argv[1])):
        if "--quiet" not in sys.argv:
            print(left)
        time.sleep(1)
    print("tea!")
